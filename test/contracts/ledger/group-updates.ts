import { describe, expect, test } from "vitest";
import { forgetfulTraits, targetTerms } from "../../kit/target-terms.ts";
import { hour, type LedgerSubject, minute, second, serverError, LedgerHarness, timedOut } from "./ledger-harness.ts";

const dedupKey = "group";
const webhook = { targets: [targetTerms("pagerduty", { traits: forgetfulTraits })] };

/** A group of one alert whose trigger was delivered. */
async function delivered(
  subject: LedgerSubject,
  given: Parameters<typeof LedgerHarness.open>[1] = {},
): Promise<LedgerHarness> {
  const harness = await LedgerHarness.open(subject, given);
  await harness.fires("a", { dedupKey });
  expect(await harness.tell()).toEqual(["trigger group"]);
  return harness;
}

/** The members of an open incident change. */
export function groupUpdates(subject: LedgerSubject): void {
  describe("changed members of an open incident", () => {
    test.each([
      ["that keeps incidents", {}],
      ["without state", webhook],
    ])("are sent to a receiver %s: 10 s after the trigger, then once per 5 minutes", async (_, given) => {
      await using harness = await delivered(subject, given);
      await harness.fires("b", { dedupKey });
      expect(await harness.after(9 * second)).toEqual([]);
      await harness.clock.advance(second);
      expect(await harness.attempt()).toMatchObject({ action: "trigger", dedupKey, firing: 2, first: false });
      for (const name of ["c", "d", "e"]) {
        await harness.clock.advance(90 * second);
        await harness.fires(name, { dedupKey });
        expect(await harness.tell()).toEqual([]);
      }
      await harness.clock.advance(30 * second);
      expect(await harness.attempt()).toMatchObject({ action: "trigger", dedupKey, firing: 5 });
      expect(await harness.after(hour)).toEqual([]);
    });

    test("are sent after all other work", async () => {
      await using harness = await delivered(subject);
      await harness.fires("b", { dedupKey });
      await harness.clock.advance(minute);
      await harness.fires("c", { severity: "info" });
      expect((await harness.claim()).map((lease) => lease.dedupKey)).toEqual(["c", "group"]);
    });

    test("are sent when one ends while others fire, with the severity of the others", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { dedupKey, severity: "critical" });
      await harness.fires("b", { dedupKey, severity: "warning" });
      expect((await harness.attempt()).firing).toBe(2);
      await harness.ends("a", { dedupKey });
      expect(await harness.after(4 * minute)).toEqual([]);
      await harness.clock.advance(minute);
      expect(await harness.attempt()).toMatchObject({ firing: 1, severity: "warning", summary: "b is wrong" });
      await harness.fires("c", { dedupKey, severity: "critical" });
      expect(await harness.attempt()).toMatchObject({ action: "trigger", firing: 2, severity: "critical" });
    });

    test("wait until a source confirms an alert that still fires", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { dedupKey });
      await harness.fires("b", { dedupKey });
      await harness.tell();
      await harness.clock.advance(3 * hour);
      await harness.ends("b", { dedupKey });
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["told unconfirmed"]);
      await harness.fires("a", { dedupKey });
      expect(await harness.tell()).toEqual(["trigger group"]);
    });

    test("are not sent if the same members fire again when the update is due", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { dedupKey });
      await harness.fires("b", { dedupKey });
      await harness.tell();
      await harness.ends("b", { dedupKey, endsAtMs: harness.clock.now() });
      await harness.clock.advance(minute);
      await harness.fires("b", { dedupKey, startsAtMs: harness.clock.now() });
      expect(await harness.after(hour)).toEqual([]);
    });

    test("are not sent for an alert that joined and ended before the update was due", async () => {
      await using harness = await delivered(subject);
      await harness.fires("b", { dedupKey });
      await harness.ends("b", { dedupKey });
      expect(await harness.after(hour)).toEqual([]);
      await harness.fires("b", { dedupKey, startsAtMs: harness.clock.now() });
      await harness.ends("a", { dedupKey });
      await harness.clock.advance(minute);
      expect(await harness.attempt()).toMatchObject({ action: "trigger", firing: 1, summary: "b is wrong" });
    });

    test("are sent once when an acknowledged incident is back to its first alert", async () => {
      await using harness = await delivered(subject);
      await harness.ledger.acknowledge((await harness.newest()).id, "anna");
      await harness.fires("b", { dedupKey });
      expect(await harness.tell()).toEqual(["acknowledge group"]);
      expect(await harness.after(minute)).toEqual(["trigger group"]);
      await harness.ends("b", { dedupKey });
      expect(await harness.after(hour)).toEqual(["trigger group"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("are not sent once the incident ended", async () => {
      await using harness = await delivered(subject);
      await harness.fires("b", { dedupKey });
      await harness.ends("a", { dedupKey });
      await harness.ends("b", { dedupKey });
      expect(await harness.tell()).toEqual(["resolve group"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("are not sent by repeats of the same alerts", async () => {
      await using harness = await delivered(subject);
      await harness.fires("b", { dedupKey });
      await harness.after(minute);
      for (let repeat = 0; repeat < 20; repeat++) {
        for (const name of ["b", "a"]) await harness.fires(name, { dedupKey });
        expect(await harness.after(minute)).toEqual([]);
      }
    });

    test("are sent after an acknowledgement, which stays", async () => {
      await using harness = await delivered(subject);
      const [{ incident }] = (await harness.views()) as [Awaited<ReturnType<LedgerHarness["views"]>>[number]];
      await harness.ledger.acknowledge(incident.id, "anna");
      expect(await harness.tell()).toEqual(["acknowledge group"]);
      await harness.fires("b", { dedupKey });
      expect(await harness.after(minute)).toEqual(["trigger group"]);
      expect(await harness.newest()).toMatchObject({ wanted: { acknowledged: true }, told: { event: "acknowledge" } });
      expect(await harness.after(hour)).toEqual([]);
      await harness.fires("c", { dedupKey });
      expect(await harness.after(second)).toEqual(["trigger group"]);
    });

    test("are sent again after a failure, as one event until the members change again", async () => {
      await using harness = await delivered(subject, webhook);
      await harness.fires("b", { dedupKey });
      await harness.clock.advance(minute);
      const first = await harness.attempt(serverError);
      await harness.clock.advance(minute);
      const retried = await harness.attempt(timedOut);
      expect(retried.event).toEqual(first.event);
      await harness.fires("c", { dedupKey });
      await harness.clock.advance(10 * minute);
      const third = await harness.attempt();
      expect(third).toMatchObject({ action: "trigger", firing: 3 });
      expect(third.event).not.toEqual(first.event);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("are not sent if group_updates is off, while a rising severity still is", async () => {
      await using harness = await delivered(subject, { targets: [targetTerms("pagerduty", { groupUpdates: false })] });
      await harness.fires("b", { dedupKey });
      expect(await harness.after(hour)).toEqual([]);
      await harness.fires("c", { dedupKey, severity: "critical" });
      expect(await harness.tell()).toEqual(["trigger group"]);
    });

    test("are not sent to a target that was disabled or removed, while the resolve is", async () => {
      for (const targets of [[targetTerms("pagerduty", { enabled: false })], []]) {
        await using harness = await LedgerHarness.open(subject);
        await harness.fires("a", { dedupKey });
        await harness.fires("b", { dedupKey });
        await harness.tell();
        await harness.ledger.useTargets(targets);
        await harness.ends("b", { dedupKey });
        expect(await harness.after(hour)).toEqual([]);
        await harness.ends("a", { dedupKey });
        expect(await harness.tell()).toEqual(["resolve group"]);
      }
    });

    test("go to the endpoint that opened the incident", async () => {
      await using harness = await delivered(subject);
      await harness.ledger.useTargets([targetTerms("pagerduty", { endpoint: "moved", credential: "rotated" })]);
      await harness.fires("b", { dedupKey });
      await harness.clock.advance(minute);
      expect((await harness.attempt()).endpoint).toBe("pagerduty at pagerduty's key");
    });
  });
}
