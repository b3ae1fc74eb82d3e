import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { conditionNames, conditionOf } from "../health/conditions.ts";
import { expectationWarnings, recipientsOf, selfAlertWarnings } from "./recipients.ts";

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
  [undefined, true, 0],
  [["a", "b"], true, 0],
  [["a", "a2"], true, 1],
  [["a"], true, 1],
  [["off", "gone"], true, 1],
  [["a", "gone"], false, 0],
] as const)("config check judges the targets %j", (configured, seesAll, count) => {
  expect(selfAlertWarnings(configured, terms, seesAll)).toHaveLength(count);
});

test("config check warns of a source whose silence no target would receive", () => {
  const expectations = [
    { source: "am", targets: ["gone", "b"] },
    { source: "cron", targets: ["gone", "off"] },
  ];
  expect(expectationWarnings(expectations, terms).map(({ message }) => message)).toEqual([
    expect.stringContaining("the source cron is silent"),
  ]);
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
