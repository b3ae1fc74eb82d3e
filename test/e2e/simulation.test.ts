import { readFileSync } from "node:fs";
import { classifiedScenarioOf, mustHold, readingScenarioOf } from "@tocsin/test/simulation";
import { expect, test } from "vitest";
import { startReader } from "../../apps/tocsin/src/ingest/readers/simulated-reader.fixture.ts";

const seeds = 300;
const readingSeeds = 12;
const classifiedSeeds = 40;
/** A history takes most of a second, more on a busy machine. */
const timeout = 20 * 60_000;

test("the engine keeps its promises in histories that failed once", { timeout }, async () => {
  const file = new URL("../simulation/seeds.txt", import.meta.url);
  const lines = readFileSync(file, "utf8").split("\n");
  const failedOnce = lines.filter((line) => !line.startsWith("#")).flatMap((line) => line.split(" ").filter(Boolean));
  for (const seed of failedOnce) await mustHold(Number(seed));
  expect(failedOnce.length).toBeGreaterThan(0);
});

test(`the engine keeps its promises in ${seeds} histories`, { timeout }, async () => {
  let simulatedMs = 0;
  let attempts = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await mustHold(seed);
    simulatedMs += result.simulatedMs;
    attempts += result.attempts;
  }
  const days = simulatedMs / 86_400_000;
  console.info(`${seeds} seeds: ${days.toFixed(1)} days simulated, ${attempts} attempts`);
  expect(days).toBeGreaterThan(50);
  expect(attempts).toBeGreaterThan(20_000);
});

test(
  `the engine keeps its promises in ${classifiedSeeds} histories in which alerts are classified`,
  { timeout },
  async () => {
    let attempts = 0;
    for (let seed = 1; seed <= classifiedSeeds; seed++)
      attempts += (await mustHold(classifiedScenarioOf(seed))).attempts;
    expect(attempts).toBeGreaterThan(3_000);
  },
);

test(
  `the engine keeps its promises in ${readingSeeds} histories in which it reads Alertmanager`,
  { timeout },
  async () => {
    let ended = 0;
    for (let seed = 1; seed <= readingSeeds; seed++) {
      const { endedByReading } = await mustHold(readingScenarioOf(seed), { startReader });
      ended += endedByReading;
    }
    expect(ended).toBeGreaterThan(5);
  },
);
