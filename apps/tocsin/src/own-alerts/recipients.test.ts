import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conditionNames, conditionOf } from "../health/conditions.ts";
import { recipientsOf, selfAlertWarnings } from "./recipients.ts";

const credentials: Readonly<Record<string, string>> = { a: "A", a2: "A", b: "B", off: "C", shadow: "D", "ns/c": "E" };

const terms = {
  find: (name: string) => {
    const full = name === "c" ? "ns/c" : name;
    if (!(full in credentials)) return undefined;
    return { name: full, target: { enabled: full !== "off", mode: full === "shadow" ? "shadow" : "live" } } as never;
  },
  credentialOf: (name: string) => credentials[name],
};

describe("the recipients of a self-alert", () => {
  test.each([
    ["all that can receive it", ["a", "b"], [], ["a", "b"]],
    ["not the target that is the problem", ["a", "b"], ["a"], ["b"]],
    ["not one that shares its credential", ["a", "a2", "b"], ["a"], ["b"]],
    ["not a disabled target, a shadow or a missing one", ["off", "shadow", "gone", "b"], [], ["b"]],
    ["a target of a Secret by its short name", ["c"], [], ["ns/c"]],
    ["a target once", ["c", "ns/c"], [], ["ns/c"]],
    ["none if all are the problem", ["a", "b"], ["a2", "b"], []],
  ] as const)("are %s", (_, configured, failing, expected) => {
    expect(recipientsOf(configured, failing, terms)).toEqual(expected);
  });
});

test.each([
  [undefined, false, 0],
  [["a", "b"], false, 0],
  [["a", "a2"], false, 1],
  [["a"], false, 1],
  [["off", "gone"], false, 1],
  [["a", "gone"], true, 0],
] as const)("config check judges the targets %j", (configured, mayBeElsewhere, count) => {
  expect(selfAlertWarnings(configured, terms, mayBeElsewhere)).toHaveLength(count);
});

test("the documentation lists every condition with its severity and its kind of self-alert", () => {
  const page = readFileSync(new URL("../../../../docs/self-alerts.md", import.meta.url), "utf8");
  const rows = Array.from(page.matchAll(/^\| `(\w+)` +\| (\w+) +\| (\w+) +\|/gm), ([, ...cells]) => cells);
  expect(rows).toEqual(
    conditionNames.map((name) => {
      const { severity, selfAlert } = conditionOf(name);
      return [name, severity, name === "ledger_not_committing" ? "direct" : (selfAlert?.scope ?? "no")];
    }),
  );
});
