import type { Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { pagerdutyLimit, targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  type LedgerSubject,
  limited,
  minute,
  said,
  second,
  serverError,
  LedgerHarness,
  suspicious,
  tooMany,
  unauthorized,
} from "./ledger-harness.ts";

/** When what is due may not be attempted: limits, pauses, breakers, refused keys. */
export function rateLimits(subject: LedgerSubject): void {
  describe("the limiter", () => {
    test("is charged before the lease is handed out, and freed one window after the attempt ended", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(2)] });
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      const leases = await harness.claim();
      expect(leases).toHaveLength(2);
      expect(await harness.ledger.targetStatus()).toMatchObject([{ limiter: { limit: 2, used: 2 } }]);
      await harness.clock.advance(5 * second);
      for (const lease of leases) await harness.settle(lease, accepted);
      expect(await harness.after(minute - 1)).toEqual([]);
      expect((await harness.stands())[0]).toBe("due waiting_limit");
      expect(await harness.after(1)).toEqual(["trigger c"]);
    });

    test("counts retries", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(2)] });
      await harness.fires("a");
      await harness.attempt(serverError);
      await harness.clock.advance(second);
      await harness.attempt(serverError);
      expect(await harness.after(10 * second)).toEqual([]);
      expect(await harness.after(minute)).toEqual(["trigger a"]);
    });

    test("is shared by all targets with one credential", async () => {
      const shared = { credential: "shared", rateLimit: { ...pagerdutyLimit, limit: 3, reserve: 0 } };
      const targets = [targetTerms("one", shared), targetTerms("two", shared), targetTerms("other")];
      await using harness = await LedgerHarness.open(subject, { targets });
      for (const name of ["a", "b", "c"]) await harness.fires(name, { at: ["one", "two", "other"] });
      const leases = await harness.claim();
      expect(leases.filter(({ target }) => target !== "other")).toHaveLength(3);
      expect(leases.filter(({ target }) => target === "other")).toHaveLength(3);
    });

    test("keeps its reserve for criticals", async () => {
      const rateLimit = { ...pagerdutyLimit, limit: 10 };
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("pagerduty", { rateLimit })] });
      for (let n = 0; n < 20; n++) await harness.fires(`w${n}`, { severity: "warning" });
      expect(await harness.claim()).toHaveLength(8);
      await harness.fires("c", { severity: "critical" });
      expect((await harness.claimOne()).dedupKey).toBe("c");
    });

    test("states when the next attempt is possible", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(1)] });
      await harness.fires("a");
      await harness.fires("b");
      await harness.attempt(accepted);
      const ahead = { targets: [], factor: 1 };
      const claimed = await harness.ledger.leaseDue({ owner: "w", max: 9, concurrency: 9, leaseMarginMs: 1, ahead });
      expect(claimed).toMatchObject({ leases: [], limited: ["pagerduty"], nextAtMs: t0 + minute });
    });
  });

  describe("an attempt without an incident", () => {
    test("counts towards the limit like any other, and is not made without room, without its target, or during a pause", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(2)] });
      await harness.fires("a");
      await harness.attempt();
      expect([await harness.ledger.charge("pagerduty"), await harness.ledger.charge("pagerduty")]).toEqual([
        true,
        false,
      ]);
      expect(await harness.ledger.charge("nobody")).toBe(false);
      await harness.fires("b");
      expect(await harness.claim()).toEqual([]);
      if (!subject.virtualTime) return;
      await harness.clock.advance(2 * minute);
      await harness.attempt(tooMany);
      expect(await harness.ledger.charge("pagerduty")).toBe(false);
    });
  });

  describe("a 429", () => {
    test("pauses the credential for all targets that use it, then allows one probe", async () => {
      const shared = { credential: "shared" };
      const targets = [targetTerms("one", shared), targetTerms("two", shared)];
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", { at: ["one"] });
      await harness.attempt(tooMany);
      for (let n = 0; n < 5; n++) await harness.fires(`b${n}`, { at: ["two"] });
      expect(await harness.claim()).toEqual([]);
      expect((await harness.stands())[0]).toBe("due waiting_pause");
      await harness.clock.advance(30 * second);
      const probe = await harness.claim();
      expect(probe).toHaveLength(1);
      await harness.settle(probe[0] as Lease);
      expect(await harness.tell()).toHaveLength(5);
    });

    test("allows another probe if the first one failed", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(tooMany);
      await harness.clock.advance(30 * second);
      await harness.attempt(serverError);
      await harness.fires("b");
      expect((await harness.claim()).map(said)).toEqual(["trigger b"]);
    });

    test("pauses for as long as the answer demands", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt({ ...tooMany, retryAfterMs: 5 * minute });
      expect(await harness.after(5 * minute - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
    });

    test("halves the limit, which comes back by a tenth with each quiet minute", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(100)] });
      await harness.fires("a");
      await harness.attempt(tooMany);
      const limit = async () => (await harness.ledger.targetStatus())[0]?.limiter.limit;
      expect(await limit()).toBe(50);
      await harness.after(2 * minute);
      expect(await limit()).toBe(70);
    });
  });

  describe("a target that fails", () => {
    test("gets no attempts after five failures of two incidents, then one probe", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, serverError);
      await harness.fires("f", { severity: "critical" });
      expect(await harness.claim()).toEqual([]);
      expect(await harness.ledger.targetStatus()).toMatchObject([
        { breaker: { state: "open", untilMs: t0 + 10 * second, lastFailure: "HTTP 500" } },
      ]);
      expect(await harness.ledger.targetStatus("held_back")).toEqual(await harness.ledger.targetStatus());
      expect((await harness.stands())[0]).toBe("due waiting_breaker");
      await harness.clock.advance(10 * second);
      const probe = await harness.claimOne();
      expect(probe.dedupKey).toBe("f");
      await harness.settle(probe);
      expect(await harness.tell()).toHaveLength(5);
    });

    test("delays the next event of a delivered incident, and the incident shows that", async () => {
      await using harness = await LedgerHarness.open(subject);
      const heldBack = async () => (await harness.ledger.incidents({ limit: 1, state: "told" })).incidents[0]?.heldBack;
      await harness.fires("delivered");
      await harness.tell();
      expect(await heldBack()).toBeUndefined();
      for (const name of ["a", "b", "c", "d", "e"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, serverError);
      expect(await heldBack()).toEqual({ reason: "waiting_breaker", detail: "HTTP 500", untilMs: t0 + 10 * second });
    });

    test("is not probed twice in a row by the same incident", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, serverError);
      await harness.clock.advance(10 * second);
      const first = await harness.attempt(serverError);
      await harness.clock.advance(20 * second);
      expect((await harness.claimOne()).dedupKey).not.toBe(first.dedupKey);
    });

    test("loses nothing: waiting incidents stay due", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (let n = 0; n < 20; n++) await harness.fires(`a${n}`);
      for (const lease of await harness.claim()) await harness.settle(lease, serverError);
      const told: string[] = [];
      for (let at = 0; at < 20; at++) told.push(...(await harness.after(minute)));
      expect(new Set(told).size).toBe(20);
    });
  });

  describe("a target that refuses everything", () => {
    test("is shown as blocked by incidents that it accepted earlier", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("delivered");
      await harness.tell();
      await harness.fires("refused");
      await harness.attempt(unauthorized);
      const heldBack = { reason: "waiting_auth", detail: "HTTP 401" };
      const [view] = (await harness.ledger.incidents({ limit: 1, state: "told" })).incidents;
      expect(view).toMatchObject({ reason: "delivered", heldBack });
      const [explained] = (await harness.ledger.explain("delivered"))?.incidents ?? [];
      expect(explained).toMatchObject({ state: "told", heldBack });
      await harness.clock.advance(minute);
      await harness.attempt(accepted);
      expect((await harness.ledger.explain("delivered"))?.incidents[0]).not.toHaveProperty("heldBack");
    });

    test("is probed every minute by one attempt, and everything else waits", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.fires("b");
      const [first, second_] = await harness.claim();
      await harness.settle(first as Lease, unauthorized);
      await harness.settle(second_ as Lease, unauthorized);
      expect(await harness.claim()).toEqual([]);
      expect(await harness.stands()).toEqual(["due waiting_auth", "due waiting_auth"]);
      await harness.clock.advance(minute);
      await harness.attempt(unauthorized);
      await harness.clock.advance(minute);
      await harness.attempt(accepted);
      expect(await harness.tell()).toHaveLength(1);
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
    });

    test("gets everything that it refused as soon as it accepts again", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
      await harness.clock.advance(minute);
      await harness.attempt(accepted);
      expect(await harness.tell()).toHaveLength(2);
    });

    test("is probed at once if an operator asks for it, and blocked again if it refuses that too", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
      await harness.ledger.unblock("pagerduty", { proven: false });
      const probes = await harness.claim();
      expect(probes).toHaveLength(1);
      await harness.settle(probes[0] as Lease, unauthorized);
      expect(await harness.claim()).toEqual([]);
      await harness.ledger.unblock("pagerduty", { proven: false });
      await harness.attempt(accepted);
      expect(await harness.tell()).toHaveLength(2);
    });

    test("gets everything at once when its credential is known to be good", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
      await harness.ledger.unblock("pagerduty", { proven: true });
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
      expect(await harness.tell()).toHaveLength(2);
      await harness.ledger.unblock("pagerduty", { proven: true });
      await harness.ledger.unblock("unknown", { proven: true });
    });

    test.each(["a header or signing secret", "the key", "the key and back"])(
      "gets everything at once after a change of %s",
      async (what) => {
        const target = targetTerms("pagerduty");
        const other = targetTerms("pagerduty", { endpoint: "other", credential: "other" });
        await using harness = await LedgerHarness.open(subject, { targets: [target] });
        for (const name of ["a", "b"]) await harness.fires(name);
        for (const lease of await harness.claim()) await harness.settle(lease, unauthorized);
        await harness.ledger.useTargets([{ ...target, sealed: "sealed again" }]);
        expect(await harness.claim(), "nothing changed").toEqual([]);
        if (what.startsWith("a header")) await harness.ledger.useTargets([{ ...target, access: "other" }]);
        else await harness.ledger.useTargets([other]);
        if (what.endsWith("back")) await harness.ledger.useTargets([target]);
        expect(await harness.tell()).toHaveLength(2);
      },
    );

    test("gets all refused events once its key is repaired: the events were not the cause", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, suspicious);
      const checks = await harness.claim();
      expect(checks.map(({ action }) => action)).toEqual(["check", "check", "check"]);
      await harness.settle(checks[0] as Lease, suspicious);
      for (const lease of checks.slice(1))
        await harness.settle(lease, { kind: "interrupted", left: false, detail: "" });
      const told: string[] = [];
      for (let at = 0; at < 3; at++) told.push(...(await harness.after(minute)));
      expect(told.filter((line) => line.startsWith("trigger")).toSorted()).toEqual([
        "trigger a",
        "trigger b",
        "trigger c",
      ]);
      expect(new Set(await harness.stands())).toEqual(new Set(["told delivered"]));
    });

    test("proves nothing about earlier refusals if its key is checked much later", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(suspicious);
      await harness.clock.advance(11 * second);
      expect((await harness.attempt(accepted)).action).toBe("check");
      expect(await harness.after(second)).toEqual(["trigger a"]);
    });

    test("is never given up, however long it takes", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      for (let at = 0; at < 50; at++) {
        await harness.attempt(unauthorized);
        await harness.clock.advance(hour);
      }
      expect(await harness.tell()).toEqual(["trigger a"]);
    });
  });
}
