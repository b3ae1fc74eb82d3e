import { describe, expect, test } from "vitest";

import { readTargets } from "./read-targets.ts";
import { stateOf } from "./target-entry.ts";
import { configTargets, type TargetSet, type WrittenTarget } from "./written-target.ts";

const pagerduty = (name: string, more: object = {}) => ({
  name,
  type: "pagerduty",
  region: "us",
  routing_key: "R0UT1NGKEY0123456789abcdefABCDEF",
  ...more,
});
const readSecret = (input: unknown) => input as string;
const read = (...inputs: unknown[]) => readTargets([configTargets(inputs, readSecret)]);
const secret = (namespace: string, name: string, more: object = {}): WrittenTarget => ({
  place: `${namespace}/${name}`,
  namespace,
  name,
  input: { type: "pagerduty", region: "us" },
  beside: { routing_key: "R0UT1NGKEY0123456789abcdefABCDEF\n" },
  ...more,
});
const readSecrets = (...targets: WrittenTarget[]) => readTargets([{ source: "kubernetes", targets, readSecret }]);
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

  test("of one name: the first source holds, broken or not", () => {
    const files: TargetSet = { source: "files", targets: [{ place: "t/a.json", input: pagerduty("a") }], readSecret };
    const entries = readTargets([configTargets([pagerduty("a", { routing_key: "short" })], readSecret), files]);
    expect(entries.map(({ name, source, inForce }) => [name, source, inForce])).toEqual([
      ["a", "config", "nothing"],
      ["a (t/a.json)", "files", "nothing"],
    ]);
    expect(entries[1]!.errors).toEqual([
      { path: "name", message: "targets[0] has the same name; names must be unique" },
    ]);
  });
});

describe("targets of Secrets", () => {
  test("are named by namespace and name, the target's own or the Secret's", () => {
    const named = secret("shop", "b", { input: pagerduty("pager") });
    const broken = secret("shop", "c", { input: { name: "wrong" } });
    const entries = readSecrets(secret("shop", "a"), named, broken, secret("ops", "a"));
    expect(entries.map(({ name, errors }) => [name, errors.length > 0])).toEqual([
      ["shop/a", false],
      ["shop/pager", false],
      ["shop/wrong", true],
      ["ops/a", false],
    ]);
  });

  test("whose text cannot be read say why, and where", () => {
    const issues = [{ path: "target.json", message: "is not valid JSON" }];
    const [entry] = readSecrets(secret("shop", "a", { input: undefined, issues }));
    expect(entry).toMatchObject({ name: "shop/a", place: "shop/a", errors: issues, inForce: "nothing" });
  });
});

describe("the last valid version", () => {
  const [valid] = read(pagerduty("a"));
  const previous = new Map([["a", valid!.target!]]);
  const again = (input: unknown, named?: ReadonlyMap<string, string>) =>
    readTargets([configTargets([input], readSecret)], { previous, ...(named && { named }) })[0];

  test("of a broken target stays in force, unless it is meant to be off", () => {
    const broken = again(pagerduty("a", { routing_key: "short" }));
    expect(broken).toMatchObject({ name: "a", inForce: "last_valid", target: valid!.target, errors: [{}] });
    const off = again(pagerduty("a", { routing_key: "short", enabled: false }));
    expect(off).toMatchObject({ name: "a", inForce: "nothing", target: undefined, errors: [{}] });
  });

  test("is found by the place where even the name cannot be read any more", () => {
    const named = new Map([["targets[0]", "a"]]);
    expect(again("torn", named)).toMatchObject({ name: "a", inForce: "last_valid", target: valid!.target });
    expect(again({ ...pagerduty("renamed"), routing_key: "short" }, named)).toMatchObject({ name: "a" });
  });

  test("is not taken from its place while somebody else there has the name", () => {
    const named = new Map([["targets[0]", "a"]]);
    const entries = readTargets([configTargets(["torn", pagerduty("a")], readSecret)], { previous, named });
    expect(entries.map(({ name, inForce }) => [name, inForce])).toEqual([
      ["targets[0]", "nothing"],
      ["a", "as_written"],
    ]);
  });
});
