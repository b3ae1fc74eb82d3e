import { describe, expect, test } from "vitest";
import { judge, type Pair, spreadOf } from "./lib/guard-verdict.ts";

const limits = { cpu: 1.08, peakRss: 1.1 };
const pairs = (cpu: readonly number[], peakRss: readonly number[] = cpu.map(() => 1)): Pair[] =>
  cpu.map((ratio, i) => ({
    tested: { cpu: 2 * ratio, peakRss: 200 * (peakRss[i] as number) },
    baseline: { cpu: 2, peakRss: 200 },
  }));
const quiet = pairs([1, 1.01, 0.99, 1.02, 0.98]);
const noisy = pairs([1, 1.2, 0.93, 1.06, 0.9]);
const verdictOf = (cpu: readonly number[], self = quiet, peakRss?: readonly number[]) =>
  Object.fromEntries(judge(pairs(cpu, peakRss), self, limits).map((verdict) => [verdict.figure, verdict]));

describe("the guard's verdict", () => {
  test.each([
    ["the same cost", [1, 1, 1, 1, 1], true],
    ["a median at the limit", [1.08, 1.08, 1.08, 0.9, 1.3], true],
    ["a median above the limit", [1.09, 1.09, 1.2, 1, 1], false],
    ["one slow pair of five", [1, 1, 1, 1, 3], true],
    ["a cheaper event", [0.8, 0.8, 0.8, 0.8, 0.8], true],
  ])("on a quiet machine: %s", (_, cpu, passed) => {
    expect(verdictOf(cpu)["cpu"]).toMatchObject({ valid: true, passed });
  });

  test("judges memory with its own limit", () => {
    const { cpu, peakRss } = verdictOf([1, 1, 1, 1, 1], quiet, [1.11, 1.11, 1.11, 1, 1]);
    expect(cpu).toMatchObject({ passed: true });
    expect(peakRss).toMatchObject({ valid: true, passed: false, limit: 1.1 });
  });

  test("leaves out the highest and the lowest pair when it takes the spread", () => {
    expect(spreadOf(pairs([1, 1.5, 0.97, 1.02, 0.5]), "cpu")).toBeCloseTo(0.03);
  });

  test("calls a noisy measurement invalid and allows three times the spread", () => {
    expect(verdictOf([1.2, 1.2, 1.2, 1.2, 1.2], noisy)["cpu"]).toMatchObject({ valid: false, passed: true });
    expect(verdictOf([1.22, 1.22, 1.22, 1.22, 1.22], noisy)["cpu"]).toMatchObject({ valid: false, passed: false });
  });
});
