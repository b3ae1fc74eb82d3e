import type { Lease, TargetTerms } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { pagerdutyLimit, targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  type LedgerSubject,
  minute,
  second,
  serverError,
  Stage,
  tooMany,
  unauthorized,
} from "./ledger-harness.ts";

const names = (leases: readonly Lease[]): string[] => leases.map(({ target }) => target).toSorted();

const limitOf = (limit: number, perMs = minute): Pick<TargetTerms, "rateLimit"> => ({
  rateLimit: { ...pagerdutyLimit, limit, perMs, reserve: 0 },
});

/** Alerts of one target. */
const many = (target: string, count = 10) =>
  Array.from({ length: count }, (_, n) => [`${target}-${n}`, { at: [target] }] as const);

const atOneUrl = (name: string, access: string): TargetTerms =>
  targetTerms(name, { endpoint: "one URL", access, credential: access });

/** Targets at one receiver: what they share, and what must not come from one to the other. */
export function sharing(subject: LedgerSubject): void {
  describe("a refusal", () => {
    test("blocks no target at the same URL that authenticates otherwise", async () => {
      await using stage = await Stage.open(subject, { targets: [atOneUrl("good", "token"), atOneUrl("bad", "none")] });
      await stage.fires("a", { at: ["bad"] });
      await stage.attempt(unauthorized);
      await stage.fires("b", { at: ["good", "bad"], severity: "critical" });
      expect(names(await stage.claim())).toEqual(["good"]);
      expect((await stage.ledger.targetStatus()).map(({ blocked }) => blocked?.state)).toEqual([
        undefined,
        "unauthorized",
      ]);
    });

    test("blocks every target that authenticates in the same way", async () => {
      await using stage = await Stage.open(subject, { targets: [atOneUrl("one", "token"), atOneUrl("two", "token")] });
      await stage.fires("a", { at: ["one"] });
      await stage.attempt(unauthorized);
      await stage.fires("b", { at: ["two"] });
      expect(await stage.claim()).toEqual([]);
    });

    test("is no longer held against a target whose header changed, and its incidents stay where they are", async () => {
      const before = atOneUrl("pagerduty", "old token");
      await using stage = await Stage.open(subject, { targets: [before] });
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      await stage.attempt(unauthorized);
      await stage.ledger.useTargets([{ ...before, access: "new token", credential: "new token", sealed: "new" }]);
      expect(await stage.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
      expect(await stage.attempt()).toMatchObject({ action: "resolve", endpoint: before.endpoint, sealed: "new" });
      expect(await stage.stands()).toEqual(["closed delivered"]);
    });
  });

  describe("a header that changes while an attempt is under way", () => {
    const [one, two] = ["one", "two"].map((name) => atOneUrl(name, "old")) as [TargetTerms, TargetTerms];
    const changed = { ...one, access: "new", credential: "new", sealed: "new" };

    test.each([
      ["a block", unauthorized, minute, unauthorized],
      ["a pause", tooMany, 30 * second, accepted],
    ])("leaves %s to others to ask about", async (_what, outcome, waitMs, answer) => {
      await using stage = await Stage.open(subject, { targets: [one, two] });
      await stage.fires("a", { at: ["one"] });
      await stage.attempt(outcome);
      await stage.clock.advance(waitMs);
      const probe = await stage.claimOne();
      await stage.fires("b", { at: ["two"] });
      expect(await stage.claim()).toEqual([]);
      await stage.ledger.useTargets([changed, two]);
      await stage.settle(probe, answer);
      await stage.clock.advance(waitMs);
      expect(names(await stage.claim())).toContain("two");
    });

    test("is not blocked by the answer to what was sent before", async () => {
      await using stage = await Stage.open(subject, { targets: [one] });
      await stage.fires("a", { at: ["one"] });
      const lease = await stage.claimOne();
      await stage.clock.advance(second);
      await stage.ledger.useTargets([changed]);
      await stage.settle(lease, unauthorized);
      expect(await stage.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
      await stage.attempt(unauthorized);
      expect(await stage.ledger.targetStatus()).toMatchObject([{ blocked: { state: "unauthorized" } }]);
    });
  });

  describe("a limit", () => {
    const shared = { credential: "shared", ...limitOf(4) };
    const tight = { credential: "shared", ...limitOf(1, 24 * hour) };

    test.each([
      ["disabled", { enabled: false }],
      ["a shadow", { shadow: true }],
    ])("of a target that is %s counts for no other", async (_how, state) => {
      const targets = [targetTerms("live", shared), targetTerms("idle", { ...tight, ...state })];
      await using stage = await Stage.open(subject, { targets });
      for (const alert of many("live")) await stage.fires(...alert);
      expect(await stage.claim()).toHaveLength(4);
    });

    test("of a disabled target counts for none of its former neighbours either", async () => {
      const live = targetTerms("live", shared);
      const idle = targetTerms("idle", { ...tight, enabled: false });
      await using stage = await Stage.open(subject, { targets: [live, idle] });
      for (const [name, how] of many("live", 4)) await stage.fires(name, how);
      await stage.tell();
      await stage.ledger.useTargets([targetTerms("live", { endpoint: "new key", credential: "new key" }), idle]);
      for (const [name, how] of many("live", 4)) await stage.ends(name, how);
      expect(await stage.after(2 * minute)).toHaveLength(4);
    });

    test("of an idle target keeps no other idle one from ending what it opened", async () => {
      const live = targetTerms("live", shared);
      await using stage = await Stage.open(subject, { targets: [live] });
      for (const [name, how] of many("live", 4)) await stage.fires(name, how);
      await stage.tell();
      const idle = targetTerms("idle", { ...tight, shadow: true });
      await stage.ledger.useTargets([idle, { ...live, enabled: false }]);
      for (const [name, how] of many("live", 4)) await stage.ends(name, how);
      expect(await stage.after(2 * minute)).toHaveLength(4);
    });

    test("of a disabled target still counts for the ends that it owes", async () => {
      const target = targetTerms("live", { credential: "own", ...limitOf(2) });
      await using stage = await Stage.open(subject, { targets: [target] });
      for (const [name, how] of many("live", 2)) await stage.fires(name, how);
      await stage.tell();
      await stage.after(minute);
      for (const [name, how] of many("live", 1)) await stage.fires(name, { ...how, severity: "critical" });
      await stage.tell();
      await stage.ledger.useTargets([{ ...target, enabled: false }]);
      for (const [name, how] of many("live", 2)) await stage.ends(name, how);
      expect(await stage.claim()).toHaveLength(1);
    });

    test("of equal pace wins by its shorter window", async () => {
      const targets = [
        targetTerms("slow", { credential: "shared", ...limitOf(120) }),
        targetTerms("strict", { credential: "shared", ...limitOf(2, second) }),
      ];
      for (const given of [targets, targets.toReversed()]) {
        await using stage = await Stage.open(subject, { targets: given });
        for (const alert of many("slow")) await stage.fires(...alert);
        expect(await stage.claim()).toHaveLength(2);
      }
    });

    test("keeps nothing free for work that waits at other credentials", async () => {
      const targets = [
        targetTerms("live", { credential: "own", ...limitOf(6) }),
        targetTerms("stuck", { credential: "another", ...limitOf(6) }),
      ];
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("first", { at: ["stuck"] });
      await stage.attempt(unauthorized);
      for (const severity of ["critical", "error", "info"] as const)
        await stage.fires(`stuck-${severity}`, { at: ["stuck"], severity });
      for (const [name, how] of many("live")) await stage.fires(name, { ...how, severity: "warning" });
      expect(names(await stage.claim())).toEqual(Array.from({ length: 6 }, () => "live"));
    });
  });

  describe("a shadow target", () => {
    const shared = { credential: "shared", access: "shared", ...limitOf(4) };
    const targets = [targetTerms("live", shared), targetTerms("shadow", { ...shared, shadow: true })];

    test("takes no room from a live one with the same credential", async () => {
      await using stage = await Stage.open(subject, { targets });
      for (const alert of many("shadow", 3)) await stage.fires(...alert);
      for (const lease of await stage.claim()) await stage.settle(lease);
      for (const alert of many("live")) await stage.fires(...alert);
      expect(names(await stage.claim())).toEqual(["live", "live", "live", "live"]);
    });

    test("ends no pause and no block of a live one: nothing was sent", async () => {
      for (const [outcome, waitMs, reason] of [
        [tooMany, 30 * second, "waiting_pause"],
        [unauthorized, minute, "waiting_auth"],
      ] as const) {
        await using stage = await Stage.open(subject, {
          targets: targets.map((target) => ({ ...target, ...limitOf(0) })),
        });
        await stage.fires("live", { at: ["live"] });
        await stage.attempt(outcome);
        await stage.clock.advance(waitMs);
        for (const alert of many("shadow", 3)) await stage.fires(...alert);
        const told: string[] = [];
        for (let round = 0; round < 20; round++)
          for (const lease of await stage.claim()) {
            told.push(lease.target);
            await stage.settle(lease, lease.shadow ? accepted : serverError);
          }
        expect(told.filter((target) => target === "shadow")).toHaveLength(3);
        const waiting = (await stage.views()).filter(
          ({ incident, state }) => incident.target === "live" && state === "due",
        );
        expect(new Set(waiting.map((view) => view.reason))).toEqual(new Set([reason]));
      }
    });
  });

  describe("a target that an earlier version stored, without an access", () => {
    const { access: _none, ...earlier } = targetTerms("pagerduty");

    test("ends what it opened where it opened it, after it was read by this version", async () => {
      await using stage = await Stage.open(subject, { targets: [earlier as TargetTerms] });
      await stage.fires("a");
      await stage.tell();
      const { endpoint } = earlier;
      await stage.ledger.useTargets([targetTerms("pagerduty", { endpoint, credential: "by header" })]);
      await stage.ends("a");
      expect(await stage.attempt()).toMatchObject({ action: "resolve", endpoint });
      expect(await stage.stands()).toEqual(["closed delivered"]);
    });

    test("ends it after it was removed too, and waits where it is refused", async () => {
      await using stage = await Stage.open(subject, { targets: [earlier as TargetTerms] });
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.useTargets([]);
      await stage.ends("a");
      await stage.attempt(unauthorized);
      expect(await stage.stands()).toEqual(["due orphaned_key"]);
      await stage.clock.advance(minute);
      expect(await stage.attempt()).toMatchObject({ action: "resolve", endpoint: earlier.endpoint });
      expect(await stage.stands()).toEqual(["closed delivered"]);
    });
  });
}
