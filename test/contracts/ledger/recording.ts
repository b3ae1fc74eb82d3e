import { describe, expect, test } from "vitest";
import { alertIn, epochMs as t0, firing, resolved, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { type LedgerSubject, LedgerHarness } from "./ledger-harness.ts";

/** Claims of sources, and their effects on incidents. */
export function recording(subject: LedgerSubject): void {
  describe("recording", () => {
    test("a firing alert is sent once, and its resolve once", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["closed delivered"]);
    });

    test("repeats of a firing alert cost no calls", async () => {
      await using harness = await LedgerHarness.open(subject);
      expect(await harness.fires("a")).toMatchObject({ fingerprint: "a", effect: "accepted" });
      await harness.tell();
      for (let repeat = 0; repeat < 5; repeat++)
        expect(await harness.fires("a", { annotations: { value: String(repeat) } })).toMatchObject({
          effect: "duplicate",
        });
      expect(await harness.tell()).toEqual([]);
    });

    test("the same alert several times in one batch is one incident", async () => {
      await using harness = await LedgerHarness.open(subject);
      const effects = await harness.ledger.record([1, 2, 3].map(() => wanted(firing("a"))));
      expect(effects.map(({ effect }) => effect)).toEqual(["accepted", "duplicate", "duplicate"]);
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("within one batch the order of arrival counts", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.ledger.record([wanted(firing("a")), wanted(resolved("a"))]);
      expect(await harness.stands()).toEqual(["not_told resolved_before_told"]);
      expect(await harness.tell()).toEqual([]);
    });

    test("an event that was sent without the ledger is adopted: its trigger is not sent again, and its resolve is", async () => {
      await using harness = await LedgerHarness.open(subject);
      const { claim, routes } = wanted(firing("a"));
      await harness.ledger.record([{ claim, routes: routes.map((route) => ({ ...route, sent: true as const })) }]);
      expect(await harness.stands()).toEqual(["told delivered"]);
      expect(await harness.tell()).toEqual([]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.stands()).toEqual(["closed delivered"]);
    });

    test("the event states the current difference, not the history", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const trigger = await harness.claimOne();
      for (let flap = 1; flap <= 5; flap++) {
        await harness.ends("a");
        await harness.fires("a", { startsAtMs: t0 + flap });
      }
      await harness.ends("a");
      await harness.settle(trigger);
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("each target filters for itself and gets its own event", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      await harness.fires("a", { at: ["one", "two"] });
      await harness.fires("b", { at: ["two"] });
      expect((await harness.tell()).toSorted()).toEqual(["trigger a", "trigger a", "trigger b"]);
      await harness.ends("a", { at: [] });
      expect(await harness.tell()).toEqual(["resolve a", "resolve a"]);
    });

    test("an alert that no target wants is recorded all the same", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { at: [] });
      expect(await harness.ledger.alert("a")).toMatchObject({ status: "firing", claims: [{ status: "firing" }] });
      expect(await harness.views()).toEqual([]);
    });

    test("an alert fires while any claim fires", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { source: "one" });
      await harness.fires("a", { source: "two" });
      await harness.tell();
      await harness.ends("a", { source: "one" });
      expect(await harness.tell()).toEqual([]);
      await harness.ends("a", { source: "two" });
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("a resolve of an unknown alert is sent once, with the lowest urgency", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("b", { severity: "info" });
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["trigger b", "resolve a"]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual([]);
    });

    test("a resolve of an unknown alert is not sent if the target does not adopt it or did not want the alert", async () => {
      const targets = [targetTerms("pagerduty", { adoptUnknownResolves: false }), targetTerms("other")];
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.ends("a", { at: ["pagerduty"] });
      await harness.ends("b", { at: [] });
      expect(await harness.tell()).toEqual([]);
      expect((await harness.ledger.alert("a"))?.status).toBe("resolved");
    });

    test("an alert that resolves before its first event is not sent, unless the target pages for it", async () => {
      const targets = [targetTerms("never"), targetTerms("always", { pageResolved: "always" })];
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", { at: ["never", "always"] });
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["trigger a", "resolve a"]);
      expect((await harness.stands()).toSorted()).toEqual(["closed delivered", "not_told resolved_before_told"]);
    });

    test("an alert that fires again after a rest continues its episode, sent once", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.ends("a");
      await harness.fires("a", { startsAtMs: t0 + 1 });
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.views()).toHaveLength(1);
    });

    test("an alert that fires again while its resolve is in flight starts the next episode", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      const resolve = await harness.claimOne();
      await harness.fires("a", { startsAtMs: t0 + 1 });
      await harness.settle(resolve);
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.stands()).toEqual(["told delivered", "closed delivered"]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("a rising severity is sent again, a falling one is not", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { severity: "warning" });
      await harness.tell();
      await harness.fires("a", { severity: "critical" });
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.fires("a", { severity: "info" });
      await harness.fires("a", { severity: "critical" });
      expect(await harness.tell()).toEqual([]);
    });

    test("several alerts may be one incident: it fires while any does and ends with the last", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { dedupKey: "group", severity: "warning" });
      await harness.tell();
      await harness.fires("b", { dedupKey: "group", severity: "critical" });
      expect(await harness.tell()).toEqual(["trigger group"]);
      expect(await harness.newest()).toMatchObject({ wanted: { severity: "critical" }, members: [{}, {}] });
      await harness.ends("a");
      expect(await harness.tell()).toEqual([]);
      await harness.ends("b");
      expect(await harness.tell()).toEqual(["resolve group"]);
    });

    test("a lease names the oldest firing alert and the number of firing alerts", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("b", { dedupKey: "group", startsAtMs: t0 - 1 });
      await harness.fires("a", { dedupKey: "group", startsAtMs: t0 });
      const lease = await harness.claimOne();
      expect(lease).toMatchObject({ firing: 2, summary: "b is wrong" });
      expect(alertIn(lease).fingerprint).toBe("b");
    });
  });
}
