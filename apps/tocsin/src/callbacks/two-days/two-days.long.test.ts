import { expect, test } from "vitest";
import { TwoDays } from "./two-days.fixture.ts";

/** More for one run: `TWO_DAYS_SEEDS=100`. */
const seeds = Number(process.env["TWO_DAYS_SEEDS"] ?? 4);
const firstSeed = Number(process.env["TWO_DAYS_FROM"] ?? 1);

test.each(Array.from({ length: seeds }, (_, n) => firstSeed + n))(
  "webhooks over 48 hours, reordered, repeated, forged and delayed, with restarts of ours, converge: seed %i",
  async (seed) => {
    await using days = new TwoDays(seed);
    await days.play();
    const counts = [...days.roads].map(([name, { counts: of }]) => `${name} ${JSON.stringify(of)}`);
    console.info(`seed ${seed}: ${days.actions} actions, ${days.restarts} restarts, ${counts.join(", ")}`);
    const failed = days.violations.length > 0;
    expect(failed ? [...days.violations, ...days.lines] : []).toEqual([]);
  },
);
