import { expect, test } from "vitest";
import { resolveTargets } from "./resolve-targets.ts";

const target = (name: string, more: Record<string, unknown> = {}) => ({
  place: "",
  input: { name, type: "webhook", url: "http://127.0.0.1:1", ...more },
});

const resolve = (confirmed: readonly string[], ...targets: ReturnType<typeof target>[]) =>
  resolveTargets([{ source: "config", targets, readSecret: () => ({ issue: "there are no secrets" }) as never }], {
    confirmed,
  }).map(({ name, confirmWithinMs, warnings }) => ({
    name,
    confirmWithinMs,
    warnings: warnings.map(({ path }) => path),
  }));

test("counts for targets that a callback covers", () => {
  expect(resolve(["a"], target("a", { confirm_within: "2m" }), target("b"))).toEqual([
    { name: "a", confirmWithinMs: 120_000, warnings: [] },
    { name: "b", confirmWithinMs: undefined, warnings: [] },
  ]);
});

test("has no effect without a callback, and a warning says so", () => {
  expect(resolve(["b", "gone"], target("a", { confirm_within: "2m" }))).toEqual([
    { name: "a", confirmWithinMs: undefined, warnings: ["confirm_within"] },
  ]);
});
