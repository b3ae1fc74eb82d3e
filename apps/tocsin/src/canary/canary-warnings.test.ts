import { expect, test } from "vitest";
import type { ResolvedTarget } from "../targets/resolved-target.ts";
import { canaryWarnings } from "./canary-warnings.ts";

const targets: Readonly<Record<string, unknown>> = {
  quiet: { target: { enabled: true, mode: "live" } },
  off: { target: { enabled: false, mode: "live" } },
  shadow: { target: { enabled: true, mode: "shadow" } },
  falling: { target: { enabled: true, mode: "live" }, fallback: "team" },
  invalid: {},
};
const find = (name: string) =>
  name in targets ? ({ name, ...(targets[name] as object) } as ResolvedTarget) : undefined;
const warnings = (target: string, { seesAll = true, readers = ["team"] } = {}) =>
  canaryWarnings({ canary: { every: 1, target }, selfAlerts: { targets: readers, after: 1 } }, { find }, seesAll).map(
    ({ message }) => message,
  );

test.each([
  ["quiet", []],
  ["off", ["no canary can be played: the target is disabled"]],
  ["shadow", ["no canary can be played: the target is a shadow"]],
  ["falling", ["no canary can be played: the target has a fallback, which would be paged"]],
  ["invalid", ["no canary can be played: the target is invalid"]],
  ["gone", ["no canary can be played: there is no such target"]],
])("a canary at the target %s", (target, expected) => {
  expect(warnings(target)).toEqual(expected);
});

test("nothing is said about a target that the command cannot see, or without a canary", () => {
  expect(warnings("gone", { seesAll: false })).toEqual([]);
  expect(canaryWarnings({ canary: undefined, selfAlerts: undefined }, { find }, true)).toEqual([]);
});

test("a target that also receives self-alerts should have no people on call", () => {
  expect(warnings("quiet", { readers: ["quiet"] })).toEqual([
    "also receives self-alerts, but the service of the canary should have no people on call",
  ]);
});
