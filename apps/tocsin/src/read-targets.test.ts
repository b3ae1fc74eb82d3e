import { describe, expect, test } from "vitest";

import { readTargets, stateOf } from "./read-targets.ts";

const pagerduty = (name: string, more: object = {}) => ({
  name,
  type: "pagerduty",
  region: "us",
  routing_key: "R0UT1NGKEY0123456789abcdefABCDEF",
  ...more,
});
const read = (...inputs: unknown[]) =>
  readTargets([{ source: "config", path: "targets", inputs, readSecret: (input) => input as string }]);
const problems = (...inputs: unknown[]) =>
  read(...inputs).map(({ name, errors, warnings }) => [
    name,
    ...[...errors, ...warnings].map(({ path, message }) => `${path}: ${message}`),
  ]);

describe("targets", () => {
  test.each<[object, string, string]>([
    [{}, "", "ready"],
    [{ mode: "shadow" }, "", "shadow"],
    [{ enabled: false }, "", "disabled"],
    [{ enabled: false, mode: "shadow" }, "", "disabled"],
    [{ url: "https://proxy.example.com", region: undefined, routing_key: undefined }, "", "degraded"],
    [{ routing_key: "short" }, "", "invalid"],
    [{}, "unauthorized", "unauthorized"],
    [{}, "misconfigured", "misconfigured"],
    [{ mode: "shadow" }, "unauthorized", "shadow"],
  ])("that say %j, and whose receiver says %j, are %s", (more, says, state) => {
    const [entry] = read(pagerduty("a", more));
    const blocked = says === "" ? null : { state: says as "unauthorized" | "misconfigured", detail: "" };
    expect(stateOf(entry!, blocked)).toBe(state);
  });

  test("without a name are called by their place", () => {
    expect(read(5, { type: "pagerduty" }, pagerduty("")).map(({ name }) => name)).toEqual([
      "targets[0]",
      "targets[1]",
      "targets[2]",
    ]);
  });

  test("of one name: the first holds, the others are named with what is wrong", () => {
    expect(problems(pagerduty("a"), pagerduty("b"), pagerduty("a"))).toEqual([
      ["a"],
      ["b"],
      ["a (targets[2])", "targets[2].name: targets[0] has the same name; names must be unique"],
    ]);
  });

  test("that are broken leave the last valid version in force, unless they are meant to be off", () => {
    const [valid] = read(pagerduty("a"));
    const again = (input: object) =>
      readTargets(
        [{ source: "config", path: "targets", inputs: [input], readSecret: (secret) => secret as string }],
        new Map([["a", valid!.target!]]),
      )[0];
    expect(again(pagerduty("a", { routing_key: "short" }))).toMatchObject({ target: valid!.target, errors: [{}] });
    expect(again(pagerduty("a", { routing_key: "short", enabled: false }))).toMatchObject({
      target: undefined,
      errors: [{}],
    });
  });
});

describe("a fallback", () => {
  test("may be any other target", () => {
    expect(problems(pagerduty("a", { fallback: "b" }), pagerduty("b", { fallback: "c" }), pagerduty("c"))).toEqual([
      ["a"],
      ["b"],
      ["c"],
    ]);
  });

  test("that does not exist is a warning, for the target itself works", () => {
    const [entry] = read(pagerduty("a", { fallback: "z" }));
    expect(stateOf(entry!)).toBe("ready");
    expect(entry!.warnings).toEqual([{ path: "targets[0].fallback", message: 'there is no target named "z"' }]);
  });

  test("that leads back to where it began makes all in the circle invalid, and nobody else", () => {
    expect(
      problems(pagerduty("a", { fallback: "b" }), pagerduty("b", { fallback: "c" }), pagerduty("c", { fallback: "b" })),
    ).toEqual([
      ["a"],
      ["b", "targets[1].fallback: leads back to itself: b, c, b"],
      ["c", "targets[2].fallback: leads back to itself: c, b, c"],
    ]);
  });
});
