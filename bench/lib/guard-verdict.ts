import { median } from "./machine.ts";

/** One storm of one checkout. */
export interface StormCost {
  /** CPU seconds of the process, user and system. */
  readonly cpu: number;
  /** MiB. */
  readonly peakRss: number;
}

/** The commit under test and a baseline commit, run one after the other. */
export interface Pair {
  readonly tested: StormCost;
  readonly baseline: StormCost;
}

/** How many times the baseline's cost is allowed, compared with the median of all pairs. */
export type Limits = StormCost;

export const figures = ["cpu", "peakRss"] as const;
type Figure = (typeof figures)[number];

/** Above this spread a run says little: it is repeated. */
export const maxSpread = 0.05;

export interface Verdict {
  readonly figure: Figure;
  readonly ratios: readonly number[];
  readonly median: number;
  readonly limit: number;
  /** How far the baseline, compared with itself, is from 1 in the middle pairs. */
  readonly spread: number;
  /** False where the machine was too noisy for the limit: then `1 + 3 * spread` takes its place. */
  readonly valid: boolean;
  readonly passed: boolean;
}

const ratiosOf = (pairs: readonly Pair[], figure: Figure): number[] =>
  pairs.map(({ tested, baseline }) => tested[figure] / baseline[figure]);

/**
 * The spread of a measurement: the baseline compared with itself, the highest and the lowest pair left out, the distance
 * from 1 of what is then furthest from it. 0 would be a machine without noise.
 */
export function spreadOf(selfPairs: readonly Pair[], figure: Figure): number {
  const sorted = ratiosOf(selfPairs, figure).toSorted((a, b) => a - b);
  const middle = sorted.length > 2 ? sorted.slice(1, -1) : sorted;
  return Math.max(...middle.map((ratio) => Math.abs(ratio - 1)));
}

/** Compares the median of the pairs with the limit, or, where the spread is too large, with `1 + 3 * spread`. */
export function judge(pairs: readonly Pair[], selfPairs: readonly Pair[], limits: Limits): Verdict[] {
  return figures.map((figure) => {
    const ratios = ratiosOf(pairs, figure);
    const spread = spreadOf(selfPairs, figure);
    const valid = spread <= maxSpread;
    const limit = valid ? limits[figure] : 1 + 3 * spread;
    return {
      figure,
      ratios,
      median: median(ratios),
      limit,
      spread,
      valid,
      passed: valid ? median(ratios) <= limit : median(ratios) < limit,
    };
  });
}
