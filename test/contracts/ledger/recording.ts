import { describe, expect, test } from "vitest";
import { alertIn, epochMs as t0, firing, resolved, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { type LedgerSubject, Stage } from "./ledger-harness.ts";

/** What sources say, and what that makes of incidents. */
export function recording(subject: LedgerSubject): void {
  describe("recording", () => {
    test("an alert that fires is told once, and its end once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["closed delivered"]);
    });

    test("repeats of a firing alert cost no calls", async () => {
      await using stage = await Stage.open(subject);
      expect(await stage.fires("a")).toMatchObject({ fingerprint: "a", effect: "accepted" });
      await stage.tell();
      for (let repeat = 0; repeat < 5; repeat++)
        expect(await stage.fires("a", { annotations: { value: String(repeat) } })).toMatchObject({
          effect: "duplicate",
        });
      expect(await stage.tell()).toEqual([]);
    });

    test("the same alert several times in one batch is one incident", async () => {
      await using stage = await Stage.open(subject);
      const effects = await stage.ledger.record([1, 2, 3].map(() => wanted(firing("a"))));
      expect(effects.map(({ effect }) => effect)).toEqual(["accepted", "duplicate", "duplicate"]);
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("within one batch the order of arrival counts", async () => {
      await using stage = await Stage.open(subject);
      await stage.ledger.record([wanted(firing("a")), wanted(resolved("a"))]);
      expect(await stage.stands()).toEqual(["not_told resolved_before_told"]);
      expect(await stage.tell()).toEqual([]);
    });

    test("tells the difference, not the history", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.claimOne();
      for (let flap = 1; flap <= 5; flap++) {
        await stage.ends("a");
        await stage.fires("a", { startsAtMs: t0 + flap });
      }
      await stage.ends("a");
      await stage.settle(trigger);
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("every target decides for itself, and each is told", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      await stage.fires("a", { at: ["one", "two"] });
      await stage.fires("b", { at: ["two"] });
      expect((await stage.tell()).toSorted()).toEqual(["trigger a", "trigger a", "trigger b"]);
      await stage.ends("a", { at: [] });
      expect(await stage.tell()).toEqual(["resolve a", "resolve a"]);
    });

    test("an alert that no target wants is recorded all the same", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { at: [] });
      expect(await stage.ledger.alert("a")).toMatchObject({ status: "firing", claims: [{ status: "firing" }] });
      expect(await stage.views()).toEqual([]);
    });

    test("an alert fires while any claim fires", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { source: "one" });
      await stage.fires("a", { source: "two" });
      await stage.tell();
      await stage.ends("a", { source: "one" });
      expect(await stage.tell()).toEqual([]);
      await stage.ends("a", { source: "two" });
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("a resolve of an alert never seen before is sent once, last in urgency", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("b", { severity: "info" });
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["trigger b", "resolve a"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual([]);
    });

    test("and is not sent where the target does not adopt, or did not want the alert", async () => {
      const targets = [targetTerms("pagerduty", { adoptUnknownResolves: false }), targetTerms("other")];
      await using stage = await Stage.open(subject, { targets });
      await stage.ends("a", { at: ["pagerduty"] });
      await stage.ends("b", { at: [] });
      expect(await stage.tell()).toEqual([]);
      expect((await stage.ledger.alert("a"))?.status).toBe("resolved");
    });

    test("what resolves before it was told is not sent, unless the target pages for it", async () => {
      const targets = [targetTerms("never"), targetTerms("always", { pageResolved: "always" })];
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", { at: ["never", "always"] });
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["trigger a", "resolve a"]);
      expect((await stage.stands()).toSorted()).toEqual(["closed delivered", "not_told resolved_before_told"]);
    });

    test("what fires again after it rested is the same episode, told once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.ends("a");
      await stage.fires("a", { startsAtMs: t0 + 1 });
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.views()).toHaveLength(1);
    });

    test("what fires again while its end is under way is the next episode", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      const resolve = await stage.claimOne();
      await stage.fires("a", { startsAtMs: t0 + 1 });
      await stage.settle(resolve);
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.stands()).toEqual(["told delivered", "closed delivered"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("a severity that rises is told again, one that falls is not", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { severity: "warning" });
      await stage.tell();
      await stage.fires("a", { severity: "critical" });
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.fires("a", { severity: "info" });
      await stage.fires("a", { severity: "critical" });
      expect(await stage.tell()).toEqual([]);
    });

    test("several alerts may be one incident: it fires while any does and ends with the last", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { dedupKey: "group", severity: "warning" });
      await stage.tell();
      await stage.fires("b", { dedupKey: "group", severity: "critical" });
      expect(await stage.tell()).toEqual(["trigger group"]);
      expect(await stage.newest()).toMatchObject({ wanted: { severity: "critical" }, members: [{}, {}] });
      await stage.ends("a");
      expect(await stage.tell()).toEqual([]);
      await stage.ends("b");
      expect(await stage.tell()).toEqual(["resolve group"]);
    });

    test("a lease speaks of the oldest alert that fires and says how many do", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("b", { dedupKey: "group", startsAtMs: t0 - 1 });
      await stage.fires("a", { dedupKey: "group", startsAtMs: t0 });
      const lease = await stage.claimOne();
      expect(lease).toMatchObject({ firing: 2, summary: "b is wrong" });
      expect(alertIn(lease).fingerprint).toBe("b");
    });
  });
}
