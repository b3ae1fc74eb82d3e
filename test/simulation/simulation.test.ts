import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { classifiedScenarioOf } from "./classified-scenario.ts";
import { mustHold } from "./must-hold.ts";
import { scenarioOf } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const failedOnce = readFileSync(new URL("seeds.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => !line.startsWith("#"))
  .flatMap((line) => line.split(" ").filter(Boolean).map(Number));

const held = async (seeds: readonly number[]): Promise<number> => {
  for (const seed of seeds) await mustHold(seed);
  return seeds.length;
};

describe("the engine keeps its promises", () => {
  // All of them, and hundreds more, are test/e2e/simulation.test.ts: a history takes most of a second.
  test("in some histories that failed once, and some more", { timeout: 120_000 }, async () => {
    expect(await held([...failedOnce.slice(0, 8), 1, 2, 3, 4])).toBe(12);
  });
});

describe("the engine keeps its promises when alerts are classified", () => {
  test("in some histories, which contain verdicts of all fates", { timeout: 120_000 }, async () => {
    const histories: string[] = [];
    for (const seed of [2, 7, 8, 10, 14, 24]) {
      const { history } = await mustHold(classifiedScenarioOf(seed), { remember: true });
      histories.push(await history());
    }
    for (const happening of [
      "noise 0.99, used",
      "failed, used",
      ", unused",
      ", over",
      "verdict: cached",
      "verdict: busy",
    ])
      expect(histories.some((history) => history.includes(happening)) ? "" : happening).toBe("");
  });
});

describe("a seed", () => {
  test("gives one history, with either ledger", { timeout: 120_000 }, async () => {
    const both = [1, 2, 3, 4].map((seed) => scenarioOf(seed));
    expect(new Set(both.map(({ ledger }) => ledger)).size).toBe(2);
    for (const { seed } of both) {
      const [once, twice] = await Promise.all([simulate(seed, { remember: true }), simulate(seed, { remember: true })]);
      expect((await once.history()) === (await twice.history()) ? "one history" : `seed ${seed} has two`).toBe(
        "one history",
      );
    }
  });

  test("contains alerts, failed attempts and processes that die", { timeout: 120_000 }, async () => {
    const told = await Promise.all(failedOnce.slice(0, 12).map((seed) => simulate(seed, { remember: true })));
    const histories = (await Promise.all(told.map(({ history }) => history()))).join("\n");
    for (const happening of [
      "accepted",
      "ambiguous",
      "HTTP 429",
      "crash of",
      "begins",
      "targets:",
      "pauses",
      "too late",
    ])
      expect(histories.includes(happening) ? "" : happening).toBe("");
  });
});
