import { describe, expect, test } from "vitest";
import { alertOf, epochMs as t0, firing, routeTo, wanted } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  leaseMs,
  type LedgerSubject,
  minute,
  refused,
  second,
  serverError,
  LedgerHarness,
} from "./ledger-harness.ts";

const oldKey = targetTerms("pagerduty", { credential: "old" });
const newKey = targetTerms("pagerduty", { credential: "new" });

/** Targets come, go and change while incidents are open. */
export function targetChanges(subject: LedgerSubject): void {
  describe("when targets change", () => {
    test("all events of an incident go to the key that opened it, whatever the key is now", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      expect((await harness.attempt()).endpoint).toBe(oldKey.endpoint);
      await harness.ledger.useTargets([newKey]);
      await harness.fires("a", { severity: "critical" });
      expect((await harness.attempt()).endpoint).toBe(oldKey.endpoint);
      await harness.ends("a");
      expect((await harness.attempt()).endpoint).toBe(oldKey.endpoint);
      await harness.fires("a", { startsAtMs: t0 + 1 });
      expect((await harness.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("an explanation shows that an open incident keeps an earlier key, until it is closed", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      const keeps = async () => (await harness.ledger.explain("a"))?.incidents.map((one) => one.keepsEarlierKey);
      await harness.fires("a");
      await harness.tell();
      expect(await keeps()).toEqual([undefined]);
      await harness.ledger.useTargets([newKey]);
      expect(await keeps()).toEqual([true]);
      await harness.ends("a");
      expect(await keeps()).toEqual([true]);
      await harness.tell();
      expect(await keeps()).toEqual([undefined]);
    });

    test("all events go to the old key also if it was perhaps opened there", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      await harness.attempt({ kind: "interrupted", left: true, detail: "stopped" });
      await harness.ledger.useTargets([newKey]);
      expect((await harness.attempt()).endpoint).toBe(oldKey.endpoint);
    });

    test("a resolve of one member sends nothing to a target that was disabled before the first trigger", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { dedupKey: "group" });
      await harness.fires("b", { dedupKey: "group" });
      await harness.ledger.useTargets([targetTerms("pagerduty", { enabled: false })]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["not_told target_disabled"]);
      await harness.ledger.useTargets([targetTerms("pagerduty")]);
      await harness.fires("b", { dedupKey: "group" });
      expect(await harness.tell()).toEqual(["trigger group"]);
    });

    test("an incident without a delivered event moves with its target, at once", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      await harness.attempt(serverError);
      await harness.ledger.useTargets([newKey]);
      expect((await harness.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("an attempt in flight that delivered nothing is repeated at the new key", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      const old = await harness.claimOne();
      await harness.ledger.useTargets([newKey]);
      await harness.settle(old, { kind: "interrupted", left: false, detail: "stopped" });
      expect((await harness.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("an incident that the old key refused is sent to the new one when the alert is repeated", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      await harness.attempt(refused);
      await harness.ledger.useTargets([newKey]);
      expect(await harness.tell()).toEqual([]);
      await harness.fires("a");
      expect(await harness.attempt()).toMatchObject({ action: "trigger", endpoint: newKey.endpoint });
    });

    test("an alert that fires again while its resolve is in flight at the old key opens an incident at the new one", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.useTargets([newKey]);
      await harness.ends("a");
      const end = await harness.claimOne();
      expect(end.endpoint).toBe(oldKey.endpoint);
      await harness.fires("a", { startsAtMs: t0 + 1 });
      await harness.settle(end);
      expect(await harness.attempt()).toMatchObject({ action: "trigger", endpoint: newKey.endpoint });
      expect(await harness.stands()).toEqual(["told delivered", "closed delivered"]);
    });

    test("the delivered incidents of a removed target are still resolved; the others rest", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("told");
      await harness.tell();
      await harness.fires("untold");
      await harness.ledger.useTargets([]);
      expect(await harness.stands()).toEqual(["not_told no_target", "told delivered"]);
      await harness.fires("told", { at: [] });
      await harness.ends("untold");
      expect(await harness.tell()).toEqual([]);
      await harness.ends("told", { at: [] });
      expect(await harness.tell()).toEqual(["resolve told"]);
    });

    test("the delivered incidents of a disabled target are still resolved, and alerts that still fire when it is enabled again are sent", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("told");
      await harness.tell();
      await harness.fires("untold");
      await harness.ledger.useTargets([targetTerms("pagerduty", { enabled: false })]);
      expect((await harness.stands())[0]).toBe("not_told target_disabled");
      expect(await harness.tell()).toEqual([]);
      await harness.ends("told", { at: [] });
      expect(await harness.tell()).toEqual(["resolve told"]);
      await harness.ledger.useTargets([targetTerms("pagerduty")]);
      await harness.ledger.reroute([{ fingerprint: "untold", routes: [routeTo("pagerduty", alertOf("untold"))] }]);
      expect(await harness.tell()).toEqual(["trigger untold"]);
    });

    test("an attempt in flight that delivered nothing is not repeated if its target was removed or disabled", async () => {
      for (const targets of [[], [targetTerms("pagerduty", { enabled: false })]]) {
        await using harness = await LedgerHarness.open(subject);
        await harness.fires("a");
        const under = await harness.claimOne();
        await harness.ledger.useTargets(targets);
        await harness.settle(under, { kind: "interrupted", left: false, detail: "stopped" });
        expect(await harness.tell()).toEqual([]);
        expect((await harness.newest()).state).toBe("not_told");
      }
    });

    test.each([
      ["the end of one of its alerts", (harness: LedgerHarness) => harness.ends("b", { dedupKey: "group" })],
      [
        "a person",
        async (harness: LedgerHarness) => harness.ledger.acknowledge((await harness.newest()).id, "somebody"),
      ],
    ])("a resting incident of a disabled or removed target is not changed by %s", async (_what, happens) => {
      for (const targets of [[targetTerms("pagerduty", { enabled: false })], []]) {
        await using harness = await LedgerHarness.open(subject);
        for (const name of ["a", "b"]) await harness.fires(name, { dedupKey: "group" });
        await harness.ledger.useTargets(targets);
        await happens(harness);
        expect(await harness.tell()).toEqual([]);
        expect((await harness.newest()).state).toBe("not_told");
      }
    });

    test("a resting incident of a disabled target does not page when it ends, whatever page_resolved says", async () => {
      const terms = { pageResolved: "always" } as const;
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("pagerduty", terms)] });
      await harness.fires("a");
      await harness.ledger.useTargets([targetTerms("pagerduty", { ...terms, enabled: false })]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual([]);
    });

    test("nothing is sent to a disabled target, also if another owner routed before it knew", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { enabled: false })],
      });
      await harness.fires("a");
      await harness.ends("b");
      expect(await harness.tell()).toEqual([]);
    });

    test("a target that was added gets the alerts that already fire", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [] });
      await harness.fires("a", { at: [] });
      await harness.ledger.useTargets([targetTerms("pagerduty")]);
      await harness.ledger.reroute([{ fingerprint: "a", routes: [routeTo("pagerduty", alertOf("a"))] }]);
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("routing again covers firing alerts only", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { at: [] });
      await harness.ends("a", { at: [] });
      const routes = [routeTo("pagerduty", alertOf("a"))];
      await harness.ledger.reroute([
        { fingerprint: "a", routes },
        { fingerprint: "never seen", routes },
      ]);
      expect(await harness.tell()).toEqual([]);
    });

    test("filters decide triggers only: a delivered incident that is filtered since is resolved when it ends", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("told");
      await harness.tell();
      await harness.fires("untold");
      await harness.ledger.reroute(["told", "untold"].map((fingerprint) => ({ fingerprint, routes: [] })));
      expect(await harness.stands()).toEqual(["not_told filtered", "told delivered"]);
      await harness.fires("told", { at: [] });
      expect(await harness.tell()).toEqual([]);
      await harness.ends("told", { at: [] });
      expect(await harness.tell()).toEqual(["resolve told"]);
    });

    test("an alert that is filtered since does not page again when it returns while its resolve is in flight", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a", { at: [] });
      const resolve = await harness.claimOne();
      await harness.fires("a", { at: [], startsAtMs: t0 + 1 });
      await harness.settle(resolve);
      expect(await harness.tell()).toEqual([]);
    });

    test("an alert that is filtered since does not change the other alerts of an undelivered incident", async () => {
      for (const order of [
        ["a", "b"],
        ["b", "a"],
      ]) {
        await using harness = await LedgerHarness.open(subject);
        await harness.fires("a", { dedupKey: "group", severity: "warning" });
        await harness.fires("b", { dedupKey: "group", severity: "critical" });
        const routes = { a: [routeTo("pagerduty", alertOf("a"), { dedupKey: "group", severity: "warning" })], b: [] };
        await harness.ledger.reroute(order.map((name) => ({ fingerprint: name, routes: routes[name as "a" | "b"] })));
        expect(await harness.claimOne()).toMatchObject({ action: "trigger", severity: "warning", firing: 1 });
      }
    });

    test("an attempt in flight that delivered nothing is not repeated for an alert that is filtered since", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const under = await harness.claimOne();
      await harness.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await harness.settle(under, { kind: "interrupted", left: false, detail: "stopped" });
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["not_told filtered"]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("an attempt in flight is repeated if the alert is wanted again by then", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const under = await harness.claimOne();
      await harness.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await harness.fires("a");
      await harness.settle(under, { kind: "interrupted", left: false, detail: "stopped" });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("an undelivered incident follows a filter both ways", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.fires("a", { at: [] });
      expect(await harness.tell()).toEqual([]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("the dedup key is computed once per episode", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { dedupKey: "old" });
      await harness.tell();
      await harness.fires("a", { dedupKey: "new" });
      expect(await harness.tell()).toEqual([]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve old"]);
      await harness.fires("a", { dedupKey: "new", startsAtMs: t0 + 1 });
      expect(await harness.tell()).toEqual(["trigger new"]);
    });

    test("a thousand rotations of a key leave no rows behind", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [] });
      for (let n = 0; n < 1_000; n++) {
        await harness.ledger.useTargets([targetTerms("pagerduty", { credential: `key ${n}` })]);
        await harness.ledger.record([wanted(firing("a", { startsAtMs: t0 + n }))]);
        await harness.tell();
        await harness.ends("a", { startsAtMs: t0 + n });
        await harness.tell();
      }
      expect(await harness.ledger.targetStatus()).toHaveLength(1);
      expect(new Set(await harness.stands())).toEqual(new Set(["closed delivered"]));
    });

    test("applying the same targets again changes nothing", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const before = await harness.views();
      await harness.ledger.useTargets([targetTerms("pagerduty", { sealed: "sealed with other bytes" })]);
      expect(await harness.views()).toEqual(before);
    });

    test("the latest credentials of an endpoint are kept", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.useTargets([targetTerms("pagerduty", { sealed: "sealed with a header that changed" })]);
      await harness.ledger.useTargets([]);
      await harness.ends("a");
      expect((await harness.claimOne()).sealed).toBe("sealed with a header that changed");
    });

    test("a target that leaves shadow mode sends the incidents that were only recorded for its shadow", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { shadow: true })],
      });
      await harness.fires("a");
      const shadow = await harness.claimOne();
      expect(shadow.shadow).toBe(true);
      await harness.settle(shadow);
      await harness.ledger.useTargets([targetTerms("pagerduty")]);
      await harness.fires("a");
      const live = await harness.claim();
      expect(live.map(({ action, shadow: still }) => [action, still])).toEqual([["trigger", false]]);
    });

    test("a target that leaves shadow mode sends no other undelivered incident", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { shadow: true })],
      });
      await harness.fires("over");
      await harness.ends("over");
      await harness.fires("a");
      await harness.attempt();
      await harness.ledger.useTargets([targetTerms("pagerduty")]);
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("a target that becomes a shadow still resolves the incidents that were delivered to it", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.useTargets([targetTerms("pagerduty", { shadow: true })]);
      await harness.ends("a");
      expect(await harness.claimOne()).toMatchObject({ action: "resolve", shadow: false });
    });
  });

  if (subject.virtualTime) meanwhile(subject);
}

function meanwhile(subject: LedgerSubject): void {
  describe("when targets change while time passes", () => {
    test("a state that a late request may have undone is repaired at the removed key", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      await harness.claimOne("one");
      await harness.ends("a");
      await harness.clock.advance(leaseMs);
      await harness.attempt(accepted);
      await harness.ledger.useTargets([newKey]);
      await harness.clock.advance(10 * second);
      expect(await harness.attempt()).toMatchObject({ action: "resolve", endpoint: oldKey.endpoint });
      await harness.fires("b");
      expect((await harness.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("an incident whose key was revoked shows that it is orphaned, and others continue", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [oldKey] });
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.useTargets([newKey]);
      await harness.ends("a");
      await harness.attempt({ kind: "blocked", state: "unauthorized", reason: "auth", detail: "HTTP 401" });
      expect(await harness.stands()).toEqual(["due orphaned_key"]);
      await harness.fires("b");
      expect(await harness.tell()).toEqual(["trigger b"]);
      expect(await harness.after(minute)).toEqual(["resolve a"]);
    });

    test("a slot that was charged to a key still counts when the key returns", async () => {
      const limited = { rateLimit: { ...oldKey.rateLimit, limit: 2, reserve: 0 } };
      await using harness = await LedgerHarness.open(subject, { targets: [{ ...oldKey, ...limited }] });
      await harness.fires("a");
      await harness.fires("b");
      await harness.tell();
      await harness.ends("a");
      await harness.ends("b");
      await harness.after(minute);
      await harness.ledger.useTargets([newKey]);
      await harness.clock.advance(second);
      await harness.ledger.useTargets([{ ...oldKey, ...limited }]);
      await harness.fires("c");
      expect(await harness.claim()).toEqual([]);
      expect(await harness.after(hour)).toEqual(["trigger c"]);
    });
  });
}
