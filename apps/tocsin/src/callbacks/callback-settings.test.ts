import { checkInput, type Issue, Secret } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { callbacksIn } from "./callback.ts";
import { callbackSettings } from "./callback-settings.ts";

const one = { name: "pd", type: "pagerduty", secrets: ["a"], targets: ["pager"] } as const;

const issuesOf = (...written: object[]) => {
  const parsed = checkInput(callbackSettings, written);
  return "issues" in parsed ? parsed.issues.map(({ path, message }) => `${path}: ${message}`) : [];
};

function load(written: object, targets: readonly unknown[] | undefined, areDiscovered = false) {
  const parsed = checkInput(callbackSettings, [{ ...one, ...written }]);
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  const issues: Issue[] = [];
  const callbacks = callbacksIn(parsed.data, { issues, value: String }, { targets, areDiscovered });
  return { callbacks, issues };
}

describe("the settings of callbacks", () => {
  test("are complete with a name, a type, a secret and a target", () => {
    expect(load({}, [{ name: "pager", type: "pagerduty" }])).toEqual({
      callbacks: [
        { name: "pd", type: "pagerduty", secrets: [expect.any(Secret)], targets: ["pager"], onResolve: "reopen" },
      ],
      issues: [],
    });
  });

  test.each([
    [
      "names that repeat",
      [one, { ...one, type: "slack" }],
      ['[1].name: must not be the same as an earlier one; found "pd"'],
    ],
    [
      "targets that repeat",
      [{ ...one, targets: ["a", "a"] }],
      ['[0].targets[1]: must not be the same as an earlier one; found "a"'],
    ],
    [
      "a name of ours",
      [{ ...one, name: "reconcile" }],
      [expect.stringMatching(/^\[0\]\.name: must not be `reconcile`/)],
    ],
    ["a name that is no path", [{ ...one, name: "a/b" }], [expect.stringMatching(/^\[0\]\.name: must consist/)]],
    ["an unknown type", [{ ...one, type: "opsgenie" }], [expect.stringMatching(/^\[0\]\.type: /)]],
    ["no secret", [{ ...one, secrets: [] }], ["[0].secrets: expected at least one secret; found an empty list"]],
    [
      "six secrets",
      [{ ...one, secrets: ["a", "b", "c", "d", "e", "f"] }],
      ["[0].secrets: must not be more than 5; found a list of 6"],
    ],
    ["no target", [{ ...one, targets: [] }], ["[0].targets: expected at least one target; found an empty list"]],
    ["another policy", [{ ...one, onResolve: "page" }], [expect.stringMatching(/^\[0\]\.onResolve: /)]],
    ["an unknown key", [{ ...one, header: "X" }], [expect.stringMatching(/^\[0\]\.header: /)]],
  ])("refuse %s", (_, written, issues) => {
    expect(issuesOf(...written)).toEqual(issues);
  });

  test.each([
    ["a target of another type", [{ name: "pager", type: "slack" }], false, "is not a target of type `pagerduty`"],
    [
      "a target that is not written, and none is discovered",
      [{ name: "other" }, "text", null],
      false,
      "there is no such target",
    ],
  ])("refuse %s", (_, targets, areDiscovered, message) => {
    expect(load({}, targets, areDiscovered).issues).toEqual([{ path: "callbacks[0].targets[0]", message }]);
  });

  test.each([
    ["a target that may be discovered", [], true],
    ["any target if the targets come from the environment", undefined, false],
    ["a target whose type is wrong, which is an issue of the target", [{ name: "pager", type: 7 }], false],
  ])("take %s", (_, targets, areDiscovered) => {
    expect(load({}, targets, areDiscovered).issues).toEqual([]);
  });
});
