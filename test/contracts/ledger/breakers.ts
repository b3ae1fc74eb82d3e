import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { LedgerHarness, type LedgerSubject, minute, second, serverError } from "./ledger-harness.ts";

/** Breakers of targets whose attempts fail. */
export function breakers(subject: LedgerSubject): void {
  describe("a target that fails", () => {
    test("gets no attempts after five failures of two incidents, then one probe", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, serverError);
      await harness.fires("f", { severity: "critical" });
      expect(await harness.claim()).toEqual([]);
      expect(await harness.ledger.targetStatus()).toMatchObject([
        { breaker: { state: "open", untilMs: t0 + 10 * second, sinceMs: t0, lastFailure: "HTTP 500" } },
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
}
