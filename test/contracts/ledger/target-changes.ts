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
  Stage,
} from "./ledger-harness.ts";

const oldKey = targetTerms("pagerduty", { credential: "old" });
const newKey = targetTerms("pagerduty", { credential: "new" });

/** Targets come, go and change while incidents are open. */
export function movingTargets(subject: LedgerSubject): void {
  describe("when targets change", () => {
    test("all events of an incident go to the key that opened it, whatever the key is now", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      expect((await stage.attempt()).endpoint).toBe(oldKey.endpoint);
      await stage.ledger.useTargets([newKey]);
      await stage.fires("a", { severity: "critical" });
      expect((await stage.attempt()).endpoint).toBe(oldKey.endpoint);
      await stage.ends("a");
      expect((await stage.attempt()).endpoint).toBe(oldKey.endpoint);
      await stage.fires("a", { startsAtMs: t0 + 1 });
      expect((await stage.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("also where it may have been opened there", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      await stage.attempt({ kind: "interrupted", left: true, detail: "stopped" });
      await stage.ledger.useTargets([newKey]);
      expect((await stage.attempt()).endpoint).toBe(oldKey.endpoint);
    });

    test("the end of one of its alerts sends nothing of an incident to a target that was disabled before the first trigger", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { dedupKey: "group" });
      await stage.fires("b", { dedupKey: "group" });
      await stage.ledger.useTargets([targetTerms("pagerduty", { enabled: false })]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["not_told target_disabled"]);
      await stage.ledger.useTargets([targetTerms("pagerduty")]);
      await stage.fires("b", { dedupKey: "group" });
      expect(await stage.tell()).toEqual(["trigger group"]);
    });

    test("what was not told moves with its target, at once", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      await stage.attempt(serverError);
      await stage.ledger.useTargets([newKey]);
      expect((await stage.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("an attempt under way that told nothing is made again at the new key", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      const old = await stage.claimOne();
      await stage.ledger.useTargets([newKey]);
      await stage.settle(old, { kind: "interrupted", left: false, detail: "stopped" });
      expect((await stage.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("what the old key refused for good is told at the new one when it is said again", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      await stage.attempt(refused);
      await stage.ledger.useTargets([newKey]);
      expect(await stage.tell()).toEqual([]);
      await stage.fires("a");
      expect(await stage.attempt()).toMatchObject({ action: "trigger", endpoint: newKey.endpoint });
    });

    test("what fires again while its end is under way at the old key is opened at the new one", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.useTargets([newKey]);
      await stage.ends("a");
      const end = await stage.claimOne();
      expect(end.endpoint).toBe(oldKey.endpoint);
      await stage.fires("a", { startsAtMs: t0 + 1 });
      await stage.settle(end);
      expect(await stage.attempt()).toMatchObject({ action: "trigger", endpoint: newKey.endpoint });
      expect(await stage.stands()).toEqual(["told delivered", "closed delivered"]);
    });

    test("a removed target's told incidents are still resolved; its untold ones rest", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("told");
      await stage.tell();
      await stage.fires("untold");
      await stage.ledger.useTargets([]);
      expect(await stage.stands()).toEqual(["not_told no_target", "told delivered"]);
      await stage.fires("told", { at: [] });
      await stage.ends("untold");
      expect(await stage.tell()).toEqual([]);
      await stage.ends("told", { at: [] });
      expect(await stage.tell()).toEqual(["resolve told"]);
    });

    test("a disabled target's too, and what still fires when it is enabled again is told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("told");
      await stage.tell();
      await stage.fires("untold");
      await stage.ledger.useTargets([targetTerms("pagerduty", { enabled: false })]);
      expect((await stage.stands())[0]).toBe("not_told target_disabled");
      expect(await stage.tell()).toEqual([]);
      await stage.ends("told", { at: [] });
      expect(await stage.tell()).toEqual(["resolve told"]);
      await stage.ledger.useTargets([targetTerms("pagerduty")]);
      await stage.ledger.reroute([{ fingerprint: "untold", routes: [routeTo("pagerduty", alertOf("untold"))] }]);
      expect(await stage.tell()).toEqual(["trigger untold"]);
    });

    test("an attempt under way that told nothing is not made again where its target has gone or was disabled", async () => {
      for (const targets of [[], [targetTerms("pagerduty", { enabled: false })]]) {
        await using stage = await Stage.open(subject);
        await stage.fires("a");
        const under = await stage.claimOne();
        await stage.ledger.useTargets(targets);
        await stage.settle(under, { kind: "interrupted", left: false, detail: "stopped" });
        expect(await stage.tell()).toEqual([]);
        expect((await stage.newest()).state).toBe("not_told");
      }
    });

    test.each([
      ["the end of one of its alerts", (stage: Stage) => stage.ends("b", { dedupKey: "group" })],
      ["a person", async (stage: Stage) => stage.ledger.acknowledge((await stage.newest()).id, "somebody")],
    ])("what rests at a disabled or removed target is not woken by %s", async (_what, happens) => {
      for (const targets of [[targetTerms("pagerduty", { enabled: false })], []]) {
        await using stage = await Stage.open(subject);
        for (const name of ["a", "b"]) await stage.fires(name, { dedupKey: "group" });
        await stage.ledger.useTargets(targets);
        await happens(stage);
        expect(await stage.tell()).toEqual([]);
        expect((await stage.newest()).state).toBe("not_told");
      }
    });

    test("what rests at a disabled target pages nobody when it ends, whatever page_resolved says", async () => {
      const terms = { pageResolved: "always" } as const;
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", terms)] });
      await stage.fires("a");
      await stage.ledger.useTargets([targetTerms("pagerduty", { ...terms, enabled: false })]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual([]);
    });

    test("a disabled target is told of nothing, also where whoever routed had not heard of it yet", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { enabled: false })] });
      await stage.fires("a");
      await stage.ends("b");
      expect(await stage.tell()).toEqual([]);
    });

    test("a target that was added hears of what already fires", async () => {
      await using stage = await Stage.open(subject, { targets: [] });
      await stage.fires("a", { at: [] });
      await stage.ledger.useTargets([targetTerms("pagerduty")]);
      await stage.ledger.reroute([{ fingerprint: "a", routes: [routeTo("pagerduty", alertOf("a"))] }]);
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("re-routing speaks of what fires only", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { at: [] });
      await stage.ends("a", { at: [] });
      const routes = [routeTo("pagerduty", alertOf("a"))];
      await stage.ledger.reroute([
        { fingerprint: "a", routes },
        { fingerprint: "never seen", routes },
      ]);
      expect(await stage.tell()).toEqual([]);
    });

    test("filters decide triggers only: what was told and is filtered since is resolved when it ends", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("told");
      await stage.tell();
      await stage.fires("untold");
      await stage.ledger.reroute(["told", "untold"].map((fingerprint) => ({ fingerprint, routes: [] })));
      expect(await stage.stands()).toEqual(["not_told filtered", "told delivered"]);
      await stage.fires("told", { at: [] });
      expect(await stage.tell()).toEqual([]);
      await stage.ends("told", { at: [] });
      expect(await stage.tell()).toEqual(["resolve told"]);
    });

    test("what is filtered since does not page again when it comes back while its end is under way", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a", { at: [] });
      const resolve = await stage.claimOne();
      await stage.fires("a", { at: [], startsAtMs: t0 + 1 });
      await stage.settle(resolve);
      expect(await stage.tell()).toEqual([]);
    });

    test("of several alerts in one untold incident, what is filtered since takes nothing from the others", async () => {
      for (const order of [
        ["a", "b"],
        ["b", "a"],
      ]) {
        await using stage = await Stage.open(subject);
        await stage.fires("a", { dedupKey: "group", severity: "warning" });
        await stage.fires("b", { dedupKey: "group", severity: "critical" });
        const routes = { a: [routeTo("pagerduty", alertOf("a"), { dedupKey: "group", severity: "warning" })], b: [] };
        await stage.ledger.reroute(order.map((name) => ({ fingerprint: name, routes: routes[name as "a" | "b"] })));
        expect(await stage.claimOne()).toMatchObject({ action: "trigger", severity: "warning", firing: 1 });
      }
    });

    test("an attempt under way that told nothing is not made again for what is filtered since", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const under = await stage.claimOne();
      await stage.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await stage.settle(under, { kind: "interrupted", left: false, detail: "stopped" });
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["not_told filtered"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("unless it is wanted again by then", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const under = await stage.claimOne();
      await stage.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await stage.fires("a");
      await stage.settle(under, { kind: "interrupted", left: false, detail: "stopped" });
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("an incident that nobody was told of follows a filter both ways", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.fires("a", { at: [] });
      expect(await stage.tell()).toEqual([]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("the dedup key is computed once an episode", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { dedupKey: "old" });
      await stage.tell();
      await stage.fires("a", { dedupKey: "new" });
      expect(await stage.tell()).toEqual([]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve old"]);
      await stage.fires("a", { dedupKey: "new", startsAtMs: t0 + 1 });
      expect(await stage.tell()).toEqual(["trigger new"]);
    });

    test("keys that were rotated a thousand times leave nothing behind", async () => {
      await using stage = await Stage.open(subject, { targets: [] });
      for (let n = 0; n < 1_000; n++) {
        await stage.ledger.useTargets([targetTerms("pagerduty", { credential: `key ${n}` })]);
        await stage.ledger.record([wanted(firing("a", { startsAtMs: t0 + n }))]);
        await stage.tell();
        await stage.ends("a", { startsAtMs: t0 + n });
        await stage.tell();
      }
      expect(await stage.ledger.targetStatus()).toHaveLength(1);
      expect(new Set(await stage.stands())).toEqual(new Set(["closed delivered"]));
    });

    test("the same targets again change nothing", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const before = await stage.views();
      await stage.ledger.useTargets([targetTerms("pagerduty", { sealed: "sealed with other bytes" })]);
      expect(await stage.views()).toEqual(before);
    });

    test("what is needed to reach an endpoint is kept as it was said last", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.useTargets([targetTerms("pagerduty", { sealed: "sealed with a header that changed" })]);
      await stage.ledger.useTargets([]);
      await stage.ends("a");
      expect((await stage.claimOne()).sealed).toBe("sealed with a header that changed");
    });

    test("a target that leaves shadow mode tells what only its shadow was told", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { shadow: true })] });
      await stage.fires("a");
      const shadow = await stage.claimOne();
      expect(shadow.shadow).toBe(true);
      await stage.settle(shadow);
      await stage.ledger.useTargets([targetTerms("pagerduty")]);
      await stage.fires("a");
      const live = await stage.claim();
      expect(live.map(({ action, shadow: still }) => [action, still])).toEqual([["trigger", false]]);
    });

    test("and nothing else of what was not told", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { shadow: true })] });
      await stage.fires("over");
      await stage.ends("over");
      await stage.fires("a");
      await stage.attempt();
      await stage.ledger.useTargets([targetTerms("pagerduty")]);
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("a target that becomes a shadow still resolves what it was told before", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.useTargets([targetTerms("pagerduty", { shadow: true })]);
      await stage.ends("a");
      expect(await stage.claimOne()).toMatchObject({ action: "resolve", shadow: false });
    });
  });

  if (subject.virtualTime) meanwhile(subject);
}

function meanwhile(subject: LedgerSubject): void {
  describe("when targets change while time passes", () => {
    test("what a late request may have undone is repaired at the key that is gone since", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.ends("a");
      await stage.clock.advance(leaseMs);
      await stage.attempt(accepted);
      await stage.ledger.useTargets([newKey]);
      await stage.clock.advance(10 * second);
      expect(await stage.attempt()).toMatchObject({ action: "resolve", endpoint: oldKey.endpoint });
      await stage.fires("b");
      expect((await stage.attempt()).endpoint).toBe(newKey.endpoint);
    });

    test("a key that was revoked shows that its incident is orphaned, and others go on", async () => {
      await using stage = await Stage.open(subject, { targets: [oldKey] });
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.useTargets([newKey]);
      await stage.ends("a");
      await stage.attempt({ kind: "blocked", state: "unauthorized", reason: "auth", detail: "HTTP 401" });
      expect(await stage.stands()).toEqual(["due orphaned_key"]);
      await stage.fires("b");
      expect(await stage.tell()).toEqual(["trigger b"]);
      expect(await stage.after(minute)).toEqual(["resolve a"]);
    });

    test("a slot that was charged to a key counts when the key comes back", async () => {
      const limited = { rateLimit: { ...oldKey.rateLimit, limit: 2, reserve: 0 } };
      await using stage = await Stage.open(subject, { targets: [{ ...oldKey, ...limited }] });
      await stage.fires("a");
      await stage.fires("b");
      await stage.tell();
      await stage.ends("a");
      await stage.ends("b");
      await stage.after(minute);
      await stage.ledger.useTargets([newKey]);
      await stage.clock.advance(second);
      await stage.ledger.useTargets([{ ...oldKey, ...limited }]);
      await stage.fires("c");
      expect(await stage.claim()).toEqual([]);
      expect(await stage.after(hour)).toEqual(["trigger c"]);
    });
  });
}
