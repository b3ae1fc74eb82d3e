import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { LedgerHarness, type LedgerSubject, minute, refused } from "./ledger-harness.ts";

/** What the caller saw: the newest incident of `a`, two minutes after its last event. */
async function seen(harness: LedgerHarness, isOpenThere: boolean) {
  await harness.clock.advance(2 * minute);
  const { id: incident, told } = await harness.newest();
  return { incident, toldAtMs: told?.atMs ?? 0, isOpenThere, why: "seen there" };
}

/** Repairs of differences that the receiver's API showed. */
export function repairs(subject: LedgerSubject): void {
  describe.runIf(subject.virtualTime)("a repair", () => {
    test("sends the resolve again if the incident is open there", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.tell();
      const repair = await seen(harness, true);
      expect(await harness.ledger.repairIncident(repair)).toBe(true);
      expect(await harness.ledger.repairIncident(repair)).toBe(false);
      expect((await harness.newest()).state).toBe("due");
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect((await harness.newest()).state).toBe("closed");
      const history = (await harness.ledger.incident(repair.incident))?.history;
      expect(history?.find(({ what }) => what === "repaired")?.detail).toBe("seen there");
      expect(await harness.ledger.repairIncident(repair)).toBe(false);
    });

    test("triggers again if no incident is open there and the alert fires", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      const { id } = await harness.newest();
      await harness.ledger.acknowledge(id, "ann");
      await harness.tell();
      expect(await harness.ledger.repairIncident(await seen(harness, false))).toBe(true);
      expect(await harness.tell()).toEqual(["trigger a", "acknowledge a"]);
      expect((await harness.newest()).id).toBe(id);
    });

    test("sends a resolve that was given up", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.attempt(refused);
      expect((await harness.newest()).state).toBe("dead");
      expect(await harness.ledger.repairIncident(await seen(harness, true))).toBe(true);
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("does nothing while there is no such difference", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      const open = await seen(harness, true);
      expect(await harness.ledger.repairIncident(open)).toBe(false);
      await harness.ends("a");
      expect(await harness.ledger.repairIncident(open)).toBe(false);
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.ledger.repairIncident(await seen(harness, false))).toBe(false);
      expect(await harness.ledger.repairIncident({ ...open, incident: open.incident + 1_000 })).toBe(false);
      expect(await harness.tell()).toEqual([]);
    });

    test("does nothing if another event was sent since the receiver was asked, or a new episode began", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.tell();
      const repair = await seen(harness, true);
      expect(await harness.ledger.repairIncident({ ...repair, toldAtMs: repair.toldAtMs - 1 })).toBe(false);
      await harness.fires("a", { startsAtMs: t0 + 2 * minute });
      expect(await harness.ledger.repairIncident(repair)).toBe(false);
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("that is not sent yet comes before the trigger of a new episode", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.tell();
      expect(await harness.ledger.repairIncident(await seen(harness, true))).toBe(true);
      await harness.fires("a", { startsAtMs: t0 + 2 * minute });
      expect(await harness.tell()).toEqual(["resolve a", "trigger a"]);
      expect((await harness.newest()).state).toBe("told");
    });

    test("finds the newest incident of each dedup key at the target", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty"), targetTerms("other", { endpoint: "other", credential: "other" })],
      });
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.tell();
      await harness.fires("a", { startsAtMs: t0 + minute });
      await harness.fires("b");
      const found = await harness.ledger.newestIncidents("pagerduty", ["a", "b", "c"]);
      expect(found.map(({ incident }) => [incident.dedupKey, incident.state])).toEqual([
        ["a", "due"],
        ["b", "due"],
      ]);
      expect(await harness.ledger.newestIncidents("other", ["a"])).toEqual([]);
    });
  });
}
