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
  Stage,
  suspicious,
  tooMany,
  unauthorized,
} from "./ledger-harness.ts";

/** When what is due may not be attempted: limits, pauses, breakers, refused keys. */
export function holdingBack(subject: LedgerSubject): void {
  describe("the limiter", () => {
    test("is charged before the lease is handed out, and freed one window after the attempt ended", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(2)] });
      for (const name of ["a", "b", "c"]) await stage.fires(name);
      const leases = await stage.claim();
      expect(leases).toHaveLength(2);
      expect(await stage.ledger.targetStatus()).toMatchObject([{ limiter: { limit: 2, used: 2 } }]);
      await stage.clock.advance(5 * second);
      for (const lease of leases) await stage.settle(lease, accepted);
      expect(await stage.after(minute - 1)).toEqual([]);
      expect((await stage.stands())[0]).toBe("due waiting_limit");
      expect(await stage.after(1)).toEqual(["trigger c"]);
    });

    test("counts retries", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(2)] });
      await stage.fires("a");
      await stage.attempt(serverError);
      await stage.clock.advance(second);
      await stage.attempt(serverError);
      expect(await stage.after(10 * second)).toEqual([]);
      expect(await stage.after(minute)).toEqual(["trigger a"]);
    });

    test("is one for all targets that share a credential", async () => {
      const shared = { credential: "shared", rateLimit: { ...pagerdutyLimit, limit: 3, reserve: 0 } };
      const targets = [targetTerms("one", shared), targetTerms("two", shared), targetTerms("other")];
      await using stage = await Stage.open(subject, { targets });
      for (const name of ["a", "b", "c"]) await stage.fires(name, { at: ["one", "two", "other"] });
      const leases = await stage.claim();
      expect(leases.filter(({ target }) => target !== "other")).toHaveLength(3);
      expect(leases.filter(({ target }) => target === "other")).toHaveLength(3);
    });

    test("keeps its reserve for criticals", async () => {
      const rateLimit = { ...pagerdutyLimit, limit: 10 };
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { rateLimit })] });
      for (let n = 0; n < 20; n++) await stage.fires(`w${n}`, { severity: "warning" });
      expect(await stage.claim()).toHaveLength(8);
      await stage.fires("c", { severity: "critical" });
      expect((await stage.claimOne()).dedupKey).toBe("c");
    });

    test("says when to ask again", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(1)] });
      await stage.fires("a");
      await stage.fires("b");
      await stage.attempt(accepted);
      const ahead = { targets: [], factor: 1 };
      const claimed = await stage.ledger.leaseDue({ owner: "w", max: 9, concurrency: 9, leaseMarginMs: 1, ahead });
      expect(claimed).toMatchObject({ leases: [], limited: ["pagerduty"], nextAtMs: t0 + minute });
    });
  });

  describe("an attempt that no incident makes", () => {
    test("is charged like any other, and not made where there is no room, no target, or a pause", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(2)] });
      await stage.fires("a");
      await stage.attempt();
      expect([await stage.ledger.charge("pagerduty"), await stage.ledger.charge("pagerduty")]).toEqual([true, false]);
      expect(await stage.ledger.charge("nobody")).toBe(false);
      await stage.fires("b");
      expect(await stage.claim()).toEqual([]);
      if (!subject.virtualTime) return;
      await stage.clock.advance(2 * minute);
      await stage.attempt(tooMany);
      expect(await stage.ledger.charge("pagerduty")).toBe(false);
    });
  });

  describe("a 429", () => {
    test("pauses the credential for everybody who uses it, then lets one ask", async () => {
      const shared = { credential: "shared" };
      const targets = [targetTerms("one", shared), targetTerms("two", shared)];
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", { at: ["one"] });
      await stage.attempt(tooMany);
      for (let n = 0; n < 5; n++) await stage.fires(`b${n}`, { at: ["two"] });
      expect(await stage.claim()).toEqual([]);
      expect((await stage.stands())[0]).toBe("due waiting_pause");
      await stage.clock.advance(30 * second);
      const probe = await stage.claim();
      expect(probe).toHaveLength(1);
      await stage.settle(probe[0] as Lease);
      expect(await stage.tell()).toHaveLength(5);
    });

    test("is asked about again by another attempt where the one that asked met a failure", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(tooMany);
      await stage.clock.advance(30 * second);
      await stage.attempt(serverError);
      await stage.fires("b");
      expect((await stage.claim()).map(said)).toEqual(["trigger b"]);
    });

    test("waits as long as it says", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt({ ...tooMany, retryAfterMs: 5 * minute });
      expect(await stage.after(5 * minute - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
    });

    test("halves the limit, which comes back by a tenth with each quiet minute", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(100)] });
      await stage.fires("a");
      await stage.attempt(tooMany);
      const limit = async () => (await stage.ledger.targetStatus())[0]?.limiter.limit;
      expect(await limit()).toBe(50);
      await stage.after(2 * minute);
      expect(await limit()).toBe(70);
    });
  });

  describe("a target that fails", () => {
    test("is left alone after five failures of two incidents, then probed by one", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      await stage.fires("f", { severity: "critical" });
      expect(await stage.claim()).toEqual([]);
      expect(await stage.ledger.targetStatus()).toMatchObject([
        { breaker: { state: "open", untilMs: t0 + 10 * second } },
      ]);
      expect(await stage.ledger.targetStatus("held_back")).toEqual(await stage.ledger.targetStatus());
      expect((await stage.stands())[0]).toBe("due waiting_breaker");
      await stage.clock.advance(10 * second);
      const probe = await stage.claimOne();
      expect(probe.dedupKey).toBe("f");
      await stage.settle(probe);
      expect(await stage.tell()).toHaveLength(5);
    });

    test("holds back what a delivered incident will say next, and the incident says so", async () => {
      await using stage = await Stage.open(subject);
      const heldBack = async () => (await stage.ledger.incidents({ limit: 1, state: "told" })).incidents[0]?.heldBack;
      await stage.fires("delivered");
      await stage.tell();
      expect(await heldBack()).toBeUndefined();
      for (const name of ["a", "b", "c", "d", "e"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      expect(await heldBack()).toEqual({ reason: "waiting_breaker", untilMs: t0 + 10 * second });
    });

    test("is not probed twice in a row by the same incident", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      await stage.clock.advance(10 * second);
      const first = await stage.attempt(serverError);
      await stage.clock.advance(20 * second);
      expect((await stage.claimOne()).dedupKey).not.toBe(first.dedupKey);
    });

    test("loses nothing: what waits for it stays due", async () => {
      await using stage = await Stage.open(subject);
      for (let n = 0; n < 20; n++) await stage.fires(`a${n}`);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      const told: string[] = [];
      for (let at = 0; at < 20; at++) told.push(...(await stage.after(minute)));
      expect(new Set(told).size).toBe(20);
    });
  });

  describe("a target that takes nothing", () => {
    test("is named by incidents that it accepted earlier", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("delivered");
      await stage.tell();
      await stage.fires("refused");
      await stage.attempt(unauthorized);
      const heldBack = { reason: "waiting_auth", detail: "HTTP 401" };
      const [view] = (await stage.ledger.incidents({ limit: 1, state: "told" })).incidents;
      expect(view).toMatchObject({ reason: "delivered", heldBack });
      const [explained] = (await stage.ledger.explain("delivered"))?.incidents ?? [];
      expect(explained).toMatchObject({ state: "told", heldBack });
      await stage.clock.advance(minute);
      await stage.attempt(accepted);
      expect((await stage.ledger.explain("delivered"))?.incidents[0]).not.toHaveProperty("heldBack");
    });

    test("is asked again every minute by one attempt, and all of it waits", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.fires("b");
      const [first, second_] = await stage.claim();
      await stage.settle(first as Lease, unauthorized);
      await stage.settle(second_ as Lease, unauthorized);
      expect(await stage.claim()).toEqual([]);
      expect(await stage.stands()).toEqual(["due waiting_auth", "due waiting_auth"]);
      await stage.clock.advance(minute);
      await stage.attempt(unauthorized);
      await stage.clock.advance(minute);
      await stage.attempt(accepted);
      expect(await stage.tell()).toHaveLength(1);
      expect(await stage.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
    });

    test("that accepts again gets everything that it refused at once", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, unauthorized);
      await stage.clock.advance(minute);
      await stage.attempt(accepted);
      expect(await stage.tell()).toHaveLength(2);
    });

    test("is asked by one attempt at once where a person wants it, and blocked again where it refuses that too", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, unauthorized);
      await stage.ledger.unblock("pagerduty", { proven: false });
      const probes = await stage.claim();
      expect(probes).toHaveLength(1);
      await stage.settle(probes[0] as Lease, unauthorized);
      expect(await stage.claim()).toEqual([]);
      await stage.ledger.unblock("pagerduty", { proven: false });
      await stage.attempt(accepted);
      expect(await stage.tell()).toHaveLength(2);
    });

    test("gets everything at once when its credential is known to be good", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, unauthorized);
      await stage.ledger.unblock("pagerduty", { proven: true });
      expect(await stage.ledger.targetStatus()).toMatchObject([{ blocked: null }]);
      expect(await stage.tell()).toHaveLength(2);
      await stage.ledger.unblock("pagerduty", { proven: true });
      await stage.ledger.unblock("unknown", { proven: true });
    });

    test.each(["a header or signing secret", "the key", "the key and back"])(
      "gets everything at once after a change of %s",
      async (what) => {
        const target = targetTerms("pagerduty");
        const other = targetTerms("pagerduty", { endpoint: "other", credential: "other" });
        await using stage = await Stage.open(subject, { targets: [target] });
        for (const name of ["a", "b"]) await stage.fires(name);
        for (const lease of await stage.claim()) await stage.settle(lease, unauthorized);
        await stage.ledger.useTargets([{ ...target, sealed: "sealed again" }]);
        expect(await stage.claim(), "nothing changed").toEqual([]);
        if (what.startsWith("a header")) await stage.ledger.useTargets([{ ...target, access: "other" }]);
        else await stage.ledger.useTargets([other]);
        if (what.endsWith("back")) await stage.ledger.useTargets([target]);
        expect(await stage.tell()).toHaveLength(2);
      },
    );

    test("once its key is repaired, all that it had refused is told: the event was not to blame", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, suspicious);
      const checks = await stage.claim();
      expect(checks.map(({ action }) => action)).toEqual(["check", "check", "check"]);
      await stage.settle(checks[0] as Lease, suspicious);
      for (const lease of checks.slice(1)) await stage.settle(lease, { kind: "interrupted", left: false, detail: "" });
      const told: string[] = [];
      for (let at = 0; at < 3; at++) told.push(...(await stage.after(minute)));
      expect(told.filter((line) => line.startsWith("trigger")).toSorted()).toEqual([
        "trigger a",
        "trigger b",
        "trigger c",
      ]);
      expect(new Set(await stage.stands())).toEqual(new Set(["told delivered"]));
    });

    test("and a key that is asked about only much later says nothing of what was refused before", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(suspicious);
      await stage.clock.advance(11 * second);
      expect((await stage.attempt(accepted)).action).toBe("check");
      expect(await stage.after(second)).toEqual(["trigger a"]);
    });

    test("is not given up on, however long it takes", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      for (let at = 0; at < 50; at++) {
        await stage.attempt(unauthorized);
        await stage.clock.advance(hour);
      }
      expect(await stage.tell()).toEqual(["trigger a"]);
    });
  });
}
