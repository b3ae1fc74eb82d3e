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
  LedgerHarness,
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

/** Targets at one receiver: the state that they share, and the state that must not spread from one to the other. */
export function sharedCredentials(subject: LedgerSubject): void {
  describe("a refusal", () => {
    test("blocks no target at the same URL that authenticates otherwise", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [atOneUrl("good", "token"), atOneUrl("bad", "none")],
      });
      await harness.fires("a", { at: ["bad"] });
      await harness.attempt(unauthorized);
      await harness.fires("b", { at: ["good", "bad"], severity: "critical" });
      expect(names(await harness.claim())).toEqual(["good"]);
      expect((await harness.ledger.targetStatus()).map(({ blocked }) => blocked?.state)).toEqual([
        undefined,
        "unauthorized",
      ]);
    });

    test("blocks every target that authenticates in the same way", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [atOneUrl("one", "token"), atOneUrl("two", "token")],
      });
      await harness.fires("a", { at: ["one"] });
      await harness.attempt(unauthorized);
      await harness.fires("b", { at: ["two"] });
      expect(await harness.claim()).toEqual([]);
    });

    test("no longer blocks a target whose header changed, and its incidents stay at their endpoint", async () => {
      const before = atOneUrl("pagerduty", "old token");
      await using harness = await LedgerHarness.open(subject, { targets: [before] });
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.attempt(unauthorized);
      await harness.ledger.useTargets([{ ...before, access: "new token", credential: "new token", sealed: "new" }]);
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
      expect(await harness.attempt()).toMatchObject({ action: "resolve", endpoint: before.endpoint, sealed: "new" });
      expect(await harness.stands()).toEqual(["closed delivered"]);
    });
  });

  describe("a header that changes while an attempt is under way", () => {
    const [one, two] = ["one", "two"].map((name) => atOneUrl(name, "old")) as [TargetTerms, TargetTerms];
    const changed = { ...one, access: "new", credential: "new", sealed: "new" };

    test.each([
      ["a block", unauthorized, minute, unauthorized],
      ["a pause", tooMany, 30 * second, accepted],
    ])("leaves %s to others to ask about", async (_what, outcome, waitMs, answer) => {
      await using harness = await LedgerHarness.open(subject, { targets: [one, two] });
      await harness.fires("a", { at: ["one"] });
      await harness.attempt(outcome);
      await harness.clock.advance(waitMs);
      const probe = await harness.claimOne();
      await harness.fires("b", { at: ["two"] });
      expect(await harness.claim()).toEqual([]);
      await harness.ledger.useTargets([changed, two]);
      await harness.settle(probe, answer);
      await harness.clock.advance(waitMs);
      expect(names(await harness.claim())).toContain("two");
    });

    test("does not block the target because of an answer to the old header", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [one] });
      await harness.fires("a", { at: ["one"] });
      const lease = await harness.claimOne();
      await harness.clock.advance(second);
      await harness.ledger.useTargets([changed]);
      await harness.settle(lease, unauthorized);
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
      await harness.attempt(unauthorized);
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: { state: "unauthorized" } }]);
    });
  });

  describe("a limit", () => {
    const shared = { credential: "shared", ...limitOf(4) };
    const tight = { credential: "shared", ...limitOf(1, 24 * hour) };

    test.each([
      ["disabled", { enabled: false }],
      ["a shadow", { shadow: true }],
    ])("does not apply to other targets if its target is %s", async (_how, state) => {
      const targets = [targetTerms("live", shared), targetTerms("idle", { ...tight, ...state })];
      await using harness = await LedgerHarness.open(subject, { targets });
      for (const alert of many("live")) await harness.fires(...alert);
      expect(await harness.claim()).toHaveLength(4);
    });

    test("no longer applies to targets that share its credential once its target is disabled", async () => {
      const live = targetTerms("live", shared);
      const idle = targetTerms("idle", { ...tight, enabled: false });
      await using harness = await LedgerHarness.open(subject, { targets: [live, idle] });
      for (const [name, how] of many("live", 4)) await harness.fires(name, how);
      await harness.tell();
      await harness.ledger.useTargets([targetTerms("live", { endpoint: "new key", credential: "new key" }), idle]);
      for (const [name, how] of many("live", 4)) await harness.ends(name, how);
      expect(await harness.after(2 * minute)).toHaveLength(4);
    });

    test("does not prevent idle targets from resolving their incidents", async () => {
      const live = targetTerms("live", shared);
      await using harness = await LedgerHarness.open(subject, { targets: [live] });
      for (const [name, how] of many("live", 4)) await harness.fires(name, how);
      await harness.tell();
      const idle = targetTerms("idle", { ...tight, shadow: true });
      await harness.ledger.useTargets([idle, { ...live, enabled: false }]);
      for (const [name, how] of many("live", 4)) await harness.ends(name, how);
      expect(await harness.after(2 * minute)).toHaveLength(4);
    });

    test("still applies to the resolves that a disabled target has to send", async () => {
      const target = targetTerms("live", { credential: "own", ...limitOf(2) });
      await using harness = await LedgerHarness.open(subject, { targets: [target] });
      for (const [name, how] of many("live", 2)) await harness.fires(name, how);
      await harness.tell();
      await harness.after(minute);
      for (const [name, how] of many("live", 1)) await harness.fires(name, { ...how, severity: "critical" });
      await harness.tell();
      await harness.ledger.useTargets([{ ...target, enabled: false }]);
      for (const [name, how] of many("live", 2)) await harness.ends(name, how);
      expect(await harness.claim()).toHaveLength(1);
    });

    test("with the shorter window wins if the rates are equal", async () => {
      const targets = [
        targetTerms("slow", { credential: "shared", ...limitOf(120) }),
        targetTerms("strict", { credential: "shared", ...limitOf(2, second) }),
      ];
      for (const given of [targets, targets.toReversed()]) {
        await using harness = await LedgerHarness.open(subject, { targets: given });
        for (const alert of many("slow")) await harness.fires(...alert);
        expect(await harness.claim()).toHaveLength(2);
      }
    });

    test("reserves nothing for work that waits at other credentials", async () => {
      const targets = [
        targetTerms("live", { credential: "own", ...limitOf(6) }),
        targetTerms("stuck", { credential: "another", ...limitOf(6) }),
      ];
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("first", { at: ["stuck"] });
      await harness.attempt(unauthorized);
      for (const severity of ["critical", "error", "info"] as const)
        await harness.fires(`stuck-${severity}`, { at: ["stuck"], severity });
      for (const [name, how] of many("live")) await harness.fires(name, { ...how, severity: "warning" });
      expect(names(await harness.claim())).toEqual(Array.from({ length: 6 }, () => "live"));
    });
  });

  describe("a shadow target", () => {
    const shared = { credential: "shared", access: "shared", ...limitOf(4) };
    const targets = [targetTerms("live", shared), targetTerms("shadow", { ...shared, shadow: true })];

    test("uses nothing of the limit of a live target with the same credential", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      for (const alert of many("shadow", 3)) await harness.fires(...alert);
      for (const lease of await harness.claim()) await harness.settle(lease);
      for (const alert of many("live")) await harness.fires(...alert);
      expect(names(await harness.claim())).toEqual(["live", "live", "live", "live"]);
    });

    test("ends no pause and no block of a live target, because nothing was sent", async () => {
      for (const [outcome, waitMs, reason] of [
        [tooMany, 30 * second, "waiting_pause"],
        [unauthorized, minute, "waiting_auth"],
      ] as const) {
        await using harness = await LedgerHarness.open(subject, {
          targets: targets.map((target) => ({ ...target, ...limitOf(0) })),
        });
        await harness.fires("live", { at: ["live"] });
        await harness.attempt(outcome);
        await harness.clock.advance(waitMs);
        for (const alert of many("shadow", 3)) await harness.fires(...alert);
        const told: string[] = [];
        for (let round = 0; round < 20; round++)
          for (const lease of await harness.claim()) {
            told.push(lease.target);
            await harness.settle(lease, lease.shadow ? accepted : serverError);
          }
        expect(told.filter((target) => target === "shadow")).toHaveLength(3);
        const waiting = (await harness.views()).filter(
          ({ incident, state }) => incident.target === "live" && state === "due",
        );
        expect(new Set(waiting.map((view) => view.reason))).toEqual(new Set([reason]));
      }
    });
  });

  describe("a target that an earlier version stored, without an access", () => {
    const { access: _none, ...earlier } = targetTerms("pagerduty");

    test("resolves its incidents at the endpoint that opened them, after this version has read it", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [earlier as TargetTerms] });
      await harness.fires("a");
      await harness.tell();
      const { endpoint } = earlier;
      await harness.ledger.useTargets([targetTerms("pagerduty", { endpoint, credential: "by header" })]);
      await harness.ends("a");
      expect(await harness.attempt()).toMatchObject({ action: "resolve", endpoint });
      expect(await harness.stands()).toEqual(["closed delivered"]);
    });

    test("resolves them also after it was removed, and waits if it is refused", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [earlier as TargetTerms] });
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.useTargets([]);
      await harness.ends("a");
      await harness.attempt(unauthorized);
      expect(await harness.stands()).toEqual(["due orphaned_key"]);
      await harness.clock.advance(minute);
      expect(await harness.attempt()).toMatchObject({ action: "resolve", endpoint: earlier.endpoint });
      expect(await harness.stands()).toEqual(["closed delivered"]);
    });
  });
}
