import type { ClaimShapeRequest, Ledger, ShapeResult, Verdict } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { hour, type LedgerSubject, LedgerHarness, minute, second } from "./ledger-harness.ts";

const verdict: Verdict = {
  severity: "warning",
  confidence: 0.8,
  reasoning: "",
  recommendations: [],
  category: "capacity",
  model: "m",
  provider: "anthropic",
};

const asks = ({ ledger }: { readonly ledger: Ledger }, shape: string, more: Partial<ClaimShapeRequest> = {}) =>
  ledger.claimShape({
    shape,
    owner: "one",
    leaseMs: 30 * second,
    maxCallsPerHour: undefined,
    maxTokensPerHour: undefined,
    ...more,
  });

const stores = ({ ledger }: { readonly ledger: Ledger }, shape: string, more: Partial<ShapeResult> = {}) =>
  ledger.storeShape({ shape, owner: "one", verdict, promptHash: "p", cacheForMs: hour, tokens: 10, ...more });

/** The cache of verdicts by shape, and the right to ask a model. */
export function shapes(subject: LedgerSubject): void {
  describe("the verdict of a shape", () => {
    test("is asked for by one process at a time, and then cached until its time ends", async () => {
      await using harness = await LedgerHarness.open(subject);
      expect(await asks(harness, "s")).toEqual({ kind: "claimed" });
      const untilMs = harness.clock.now() + 30 * second;
      for (const owner of ["one", "two"])
        expect(await asks(harness, "s", { owner })).toEqual({ kind: "busy", untilMs });
      expect(await asks(harness, "other", { owner: "two" })).toEqual({ kind: "claimed" });
      await stores(harness, "s");
      const cached = { shape: "s", verdict, promptHash: "p", untilMs: harness.clock.now() + hour };
      expect(await asks(harness, "s", { owner: "two" })).toEqual({ kind: "cached", cached });
      await harness.clock.advance(hour);
      expect(await asks(harness, "s", { owner: "two" })).toEqual({ kind: "claimed" });
    });

    test("may be asked for by another process when the claim of the first one ends", async () => {
      await using harness = await LedgerHarness.open(subject);
      await asks(harness, "s");
      await harness.clock.advance(30 * second);
      expect(await asks(harness, "s", { owner: "two" })).toEqual({ kind: "claimed" });
      // The first one failed late: the claim of the second one stays.
      await stores(harness, "s", { verdict: undefined });
      expect(await asks(harness, "s", { owner: "three" })).toMatchObject({ kind: "busy" });
      // Or it succeeded late.
      await stores(harness, "s");
      expect(await asks(harness, "s", { owner: "three" })).toMatchObject({ kind: "cached" });
      await stores(harness, "s", { owner: "two", verdict: undefined });
      expect(await asks(harness, "s", { owner: "three" })).toMatchObject({ kind: "cached" });
    });

    test("is never cached if the call failed: the next one may ask", async () => {
      await using harness = await LedgerHarness.open(subject);
      await asks(harness, "s");
      await stores(harness, "s", { verdict: undefined });
      expect(await harness.ledger.cachedVerdicts(9)).toEqual([]);
      expect(await asks(harness, "s", { owner: "two" })).toEqual({ kind: "claimed" });
      await stores(harness, "s", { owner: "two", cacheForMs: 0 });
      expect(await asks(harness, "s")).toEqual({ kind: "claimed" });
    });

    test("costs calls and tokens of the hour, also those of failed calls", async () => {
      await using harness = await LedgerHarness.open(subject);
      const untilMs = (Math.floor(harness.clock.now() / hour) + 1) * hour;
      const limits = { maxCallsPerHour: 2 };
      expect(await asks(harness, "a", limits)).toEqual({ kind: "claimed" });
      await stores(harness, "a", { verdict: undefined, tokens: 70 });
      expect(await asks(harness, "a", { maxTokensPerHour: 70 })).toEqual({ kind: "budget_used", untilMs });
      expect(await asks(harness, "a", { maxTokensPerHour: 71 })).toEqual({ kind: "claimed" });
      await stores(harness, "a");
      expect(await asks(harness, "b", { ...limits, owner: "two" })).toEqual({ kind: "budget_used", untilMs });
      // What is known costs nothing.
      expect(await asks(harness, "a", limits)).toMatchObject({ kind: "cached" });
      await harness.clock.advance(untilMs - harness.clock.now() - 1);
      expect(await asks(harness, "b", limits)).toMatchObject({ kind: "budget_used" });
      await harness.clock.advance(1);
      expect(await asks(harness, "b", { ...limits, maxTokensPerHour: 1 })).toEqual({ kind: "claimed" });
    });

    test("is listed while it is valid, the newest first", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const shape of ["a", "b", "c"]) {
        await asks(harness, shape);
        await stores(harness, shape, { cacheForMs: shape === "a" ? minute : 3 * hour });
        await harness.clock.advance(second);
      }
      await asks(harness, "claimed");
      const listed = async (limit: number) => (await harness.ledger.cachedVerdicts(limit)).map(({ shape }) => shape);
      expect(await listed(9)).toEqual(["c", "b", "a"]);
      expect(await listed(2)).toEqual(["c", "b"]);
      await harness.clock.advance(hour);
      await asks(harness, "d");
      await stores(harness, "b");
      expect(await listed(9)).toEqual(["b", "c"]);
    });
  });
}
