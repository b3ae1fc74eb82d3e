import type { Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { pagerdutyLimit, targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  LedgerHarness,
  type LedgerSubject,
  limited,
  minute,
  said,
  second,
  serverError,
  tooMany,
} from "./ledger-harness.ts";

/** Limits of a credential, and pauses after a 429. */
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
}
