import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import { type LedgerSubject, minute, refused, second, serverError, Stage, unauthorized } from "./ledger-harness.ts";

const fallback = { target: "fallback", afterMs: 2 * minute };
const targets = [targetTerms("pagerduty", { fallback }), targetTerms("fallback")];
const critical = { severity: "critical" } as const;

/** What the fallback was told after so long, while its target fails. */
const toldWhere = async (stage: Stage, ms: number): Promise<string[]> => {
  await stage.clock.advance(ms);
  const told: string[] = [];
  for (let leases = await stage.claim(); leases.length > 0; leases = await stage.claim())
    for (const lease of leases) {
      if (lease.target === "fallback") told.push(lease.action);
      await stage.settle(lease, lease.target === "fallback" ? { kind: "accepted", receipt: "" } : serverError);
    }
  return told;
};

/** A critical that a target does not take in time is told elsewhere too. */
export function fallingBack(subject: LedgerSubject): void {
  if (!subject.virtualTime) return;
  describe("a fallback", () => {
    test("is told of a critical that stays untold for two minutes, once, and of its end", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 2 * minute - 1)).toEqual([]);
      expect(await toldWhere(stage, 1)).toEqual(["trigger"]);
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 10 * minute)).toEqual([]);
      await stage.ends("a");
      expect(await toldWhere(stage, second)).toEqual(["resolve"]);
    });

    test.each([
      ["dead", refused],
      ["unauthorized", unauthorized],
    ])("for whatever reason: %s", async (_why, outcome) => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      await stage.attempt(outcome);
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
    });

    test("is told of nothing that was told in time, that ended, or that is no critical", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("told", critical);
      await stage.tell();
      await stage.fires("ended", critical);
      await stage.attempt(serverError);
      await stage.ends("ended");
      await stage.fires("error", { severity: "error" });
      expect(await toldWhere(stage, 10 * minute)).toEqual([]);
    });

    test("is told of nothing that its target wants no more", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      await stage.attempt(serverError);
      await stage.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await stage.fires("b", critical);
      await stage.ledger.useTargets([targetTerms("fallback")]);
      expect(await toldWhere(stage, 10 * minute)).toEqual([]);
    });

    test("is told of the end also where its target was told meanwhile", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
      await stage.after(10 * minute);
      await stage.ends("a");
      expect((await stage.tell()).toSorted()).toEqual(["resolve a", "resolve a"]);
      expect((await stage.views()).map(({ state }) => state)).toEqual(["closed", "closed"]);
    });

    test("is told of the next episode only where that stays untold too", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
      await stage.after(10 * minute);
      await stage.ends("a");
      const under = await stage.claim();
      expect(under).toHaveLength(2);
      await stage.fires("a", { ...critical, startsAtMs: stage.clock.now() });
      for (const lease of under) await stage.settle(lease);
      expect((await stage.claim()).map(({ target }) => target)).toEqual(["pagerduty"]);
    });

    test("shows for whom it stands in", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
      expect(await stage.stands()).toEqual(["told fallback", "due waiting_retry"]);
    });

    test("of several alerts in one incident is told of those that still fire", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", { ...critical, dedupKey: "group" });
      await stage.fires("b", { ...critical, dedupKey: "group" });
      await stage.ends("a");
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
      expect((await stage.newest()).members.map(({ fingerprint }) => fingerprint)).toEqual(["b"]);
    });

    test("that is told of the alert anyway is told of it once", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", { ...critical, at: ["pagerduty", "fallback"] });
      expect(await toldWhere(stage, second)).toEqual(["trigger"]);
      expect(await toldWhere(stage, 10 * minute)).toEqual([]);
      await stage.ends("a");
      expect(await toldWhere(stage, second)).toEqual(["resolve"]);
    });

    test("that is missing or disabled costs nothing", async () => {
      for (const others of [[], [targetTerms("fallback", { enabled: false })]]) {
        await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { fallback }), ...others] });
        await stage.fires("a", critical);
        expect(await toldWhere(stage, 10 * minute)).toEqual([]);
        expect((await stage.newest()).target).toBe("pagerduty");
      }
    });
  });
}
