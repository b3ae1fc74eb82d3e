import { type RateLimit, type Urgency, urgencies, urgency } from "@tocsin/core";
import { epochMs as t0, pagerdutyLimit, Random } from "@tocsin/test";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryStore } from "../stores/memory/store.ts";
import { Gates } from "./gates.ts";

const credential = "key";

interface Attempt {
  readonly token: number;
  readonly of: Urgency;
  readonly arrivesAtMs: number;
  readonly endsAtMs: number;
}

interface Pattern {
  readonly seed: number;
  /** Greatest duration of the way to the receiver, and of the way back, ms. */
  readonly slownessMs: number;
  /** Time between two questions to the limiter, ms. */
  readonly paceMs: number;
  /** Share of attempts whose end never becomes known. */
  readonly lost: number;
  /** Share of questions at which an urgency has due work. */
  readonly busy: number;
}

/** Sends attempts for `windows` windows. Each is charged when it leaves and discharged when its end becomes known. */
function run(terms: RateLimit, pattern: Pattern, windows: number): Attempt[] {
  const store = new MemoryStore();
  let gates = new Gates(store);
  gates.setLimits([{ credential, rateLimit: terms }]);
  const random = new Random(pattern.seed);
  const attempts: Attempt[] = [];
  const flying: Attempt[] = [];
  const leaseMs = 30_000;
  for (let nowMs = t0; nowMs < t0 + windows * terms.perMs; nowMs += pattern.paceMs) {
    for (const ended of flying.filter(({ endsAtMs }) => endsAtMs <= nowMs)) {
      flying.splice(flying.indexOf(ended), 1);
      if (!random.chance(pattern.lost)) gates.discharge(credential, ended.token, nowMs);
    }
    // A restart keeps the charges.
    if (random.chance(0.01)) {
      gates = new Gates(store);
      gates.setLimits([{ credential, rateLimit: terms }]);
    }
    const waiting = new Set(urgencies.filter(() => random.chance(pattern.busy)));
    for (const of of waiting) {
      const max = Math.min(gates.room(credential, of, waiting, nowMs), 50);
      for (let taken = 0; taken < max; taken++) {
        const arrivesAtMs = nowMs + random.between(0, pattern.slownessMs);
        const attempt = {
          token: attempts.length + 1,
          of,
          arrivesAtMs,
          endsAtMs: arrivesAtMs + random.between(0, pattern.slownessMs),
        };
        gates.charge({ token: attempt.token, credential, urgency: of }, nowMs + leaseMs, nowMs);
        attempts.push(attempt);
        flying.push(attempt);
      }
    }
  }
  return attempts;
}

/** The greatest number of arrivals within any span of one window, for receivers with sliding and with fixed windows. */
function maxInAnyWindow(attempts: readonly Attempt[], perMs: number): number {
  const arrivals = attempts.map(({ arrivesAtMs }) => arrivesAtMs).toSorted((a, b) => a - b);
  let max = 0;
  let from = 0;
  for (const [index, atMs] of arrivals.entries()) {
    while ((arrivals[from] ?? atMs) <= atMs - perMs) from++;
    max = Math.max(max, index - from + 1);
  }
  return max;
}

const anyPattern: fc.Arbitrary<Pattern> = fc.record({
  seed: fc.nat(),
  slownessMs: fc.constantFrom(1, 100, 3_000, 12_000),
  paceMs: fc.constantFrom(37, 500, 2_000),
  lost: fc.constantFrom(0, 0.1),
  busy: fc.constantFrom(0.1, 0.6, 1),
});

describe.each(["sliding_window", "token_bucket"] as const)("%s", (algorithm) => {
  const terms: RateLimit = { ...pagerdutyLimit, algorithm };

  test("never shows a receiver more than the limit in any window, whatever the pattern and however slow the answers", () => {
    fc.assert(
      fc.property(anyPattern, fc.constantFrom(1, 2, 7, 30, 120), (pattern, limit) => {
        const burst = Math.max(1, Math.floor(limit / 12));
        const attempts = run({ ...terms, limit, burst }, pattern, 4);
        expect(maxInAnyWindow(attempts, terms.perMs)).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 60 },
    );
  });

  test("uses its window: under full load with quick answers, everything except the reserve is sent", () => {
    const attempts = run(terms, { seed: 1, slownessMs: 1, paceMs: 37, lost: 0, busy: 1 }, 10);
    expect(attempts.length).toBeGreaterThan(10 * 105);
  });

  test("starves no class under full load", () => {
    const windows = 6;
    const attempts = run(terms, { seed: 2, slownessMs: 100, paceMs: 37, lost: 0, busy: 1 }, windows);
    const perClass = Map.groupBy(attempts, ({ of }) => of);
    const followUps = [urgency.criticalFollowUp, urgency.followUp].flatMap((of) => perClass.get(of) ?? []);
    expect(followUps.length).toBeGreaterThanOrEqual((windows - 1) * 11);
    for (const of of [0, 2, 4, 5, 6, 7] as const)
      expect(perClass.get(of)?.length ?? 0).toBeGreaterThanOrEqual(windows - 1);
  });
});
