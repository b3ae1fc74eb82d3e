import { mustHold, readingScenarioOf, simulate } from "@tocsin/test/simulation";
import { expect, test } from "vitest";
import { startReader } from "./simulated-reader.fixture.ts";

// `least`: minimum number of alerts that readings end. One history takes a second; the long tests run more.
test.each([
  ["an Alertmanager with silences", "alertmanager with silences", [5, 10], 1],
  ["an Alertmanager of a pair that loses requests", "alertmanager of a pair with loss", [1, 2], 1],
  ["an Alertmanager that restarts", "alertmanager that restarts", [2, 4], 0],
  ["a cluster with silences, restarts and loss", "cluster with everything", [1, 2], 1],
] as const)("a reader of %s ends no alert that fires", { timeout: 120_000 }, async (_what, kind, seeds, least) => {
  let ended = 0;
  for (const seed of seeds) {
    const result = await mustHold(readingScenarioOf(seed, kind), { startReader });
    ended += result.endedByReading;
  }
  expect(ended).toBeGreaterThanOrEqual(least);
});

test("a seed determines the history with a reader, too", { timeout: 120_000 }, async () => {
  const scenario = readingScenarioOf(1, "cluster with everything");
  const both = [1, 2].map(async () => (await simulate(scenario, { startReader, remember: true })).history());
  const [once, twice] = await Promise.all(both);
  expect(once === twice ? "one history" : "two histories").toBe("one history");
  expect(once).toContain(" gone: resolved");
});
