import { describe, expect, test } from "vitest";
import { resolveTargets } from "./resolve-targets.ts";
import { stateOf } from "./resolved-target.ts";
import { configTargets, type TargetDefinition } from "./target-definition.ts";

const readSecret = (input: unknown) => input as string;
const target = (name: string, fallback?: string) => ({
  name,
  type: "pagerduty",
  region: "us",
  routing_key: "R0UT1NGKEY0123456789abcdefABCDEF",
  ...(fallback !== undefined && { fallback }),
});
const written = (full: string, fallback?: string): TargetDefinition => {
  const [name = "", namespace] = full.split("/").toReversed();
  return { place: full, ...(namespace !== undefined && { namespace }), input: target(name, fallback) };
};
/** Targets by full name, each with its fallback: those with a namespace come from Secrets, the others from a file. */
const read = (targets: Record<string, string | undefined>, fallbackAcrossNamespaces = false) =>
  resolveTargets(
    [{ source: "x", targets: Object.entries(targets).map(([name, to]) => written(name, to)), readSecret }],
    {
      fallbackAcrossNamespaces,
    },
  );
const told = (entries: ReturnType<typeof read>) =>
  entries.map(({ name, fallback, errors, warnings }) => [
    name,
    fallback ?? [...errors, ...warnings].map(({ path, message }) => `${path}: ${message}`).join(),
  ]);

describe("a fallback", () => {
  test("may be any other target of the operator", () => {
    const entries = resolveTargets([configTargets([target("a", "b"), target("b", "c"), target("c")], readSecret)]);
    expect(entries.map(({ fallback, errors, warnings }) => [fallback, errors, warnings])).toEqual([
      ["b", [], []],
      ["c", [], []],
      [undefined, [], []],
    ]);
  });

  test("that does not exist is a warning, because the target itself works", () => {
    const [entry] = resolveTargets([configTargets([target("a", "z")], readSecret)]);
    expect(stateOf(entry!)).toBe("ready");
    expect(entry!.warnings).toEqual([{ path: "targets[0].fallback", message: 'there is no target named "z"' }]);
  });

  test("is looked up in the same namespace, then by full name, then by a unique short name", () => {
    expect(told(read({ "ns/a": "b", "ns/b": undefined, b: undefined }))[0]).toEqual(["ns/a", "ns/b"]);
    expect(told(read({ "ns/a": "ns/b", "ns/b": undefined }))[0]).toEqual(["ns/a", "ns/b"]);
    expect(told(read({ a: "b", "ns/b": undefined }))[0]).toEqual(["a", "ns/b"]);
    expect(told(read({ a: "b", "ns/b": undefined, "other/b": undefined }))[0]).toEqual([
      "a",
      'fallback: there is no target named "b"',
    ]);
  });

  test("in another namespace must be allowed; if it is not, only the fallback is ignored", () => {
    const teams = { "ns/a": "other/b", "ns/c": "d", "other/b": undefined, d: undefined };
    expect(told(read(teams, true)).slice(0, 2)).toEqual([
      ["ns/a", "other/b"],
      ["ns/c", "d"],
    ]);
    const [a, c] = read(teams);
    for (const entry of [a!, c!]) expect([stateOf(entry), entry.inForce]).toEqual(["invalid", "without_fallback"]);
    expect(told([a!])).toEqual([
      ["ns/a", 'fallback: "other/b" is not in the namespace ns, and may not be used from there'],
    ]);
    expect(a!.target?.name).toBe("ns/a");
  });

  test("that leads back to its own target is an error of all targets in the cycle, and of no others", () => {
    const entries = read({ a: "b", b: "c", c: "b", d: "d/d", "d/d": "d/d" });
    expect(told(entries)).toEqual([
      ["a", "b"],
      ["b", "fallback: leads back to itself: b, c, b"],
      ["c", "fallback: leads back to itself: c, b, c"],
      ["d", "d/d"],
      ["d/d", "fallback: leads back to itself: d/d, d/d"],
    ]);
    expect(entries.map(({ inForce }) => inForce)).toEqual([
      "as_written",
      "without_fallback",
      "without_fallback",
      "as_written",
      "without_fallback",
    ]);
  });
});
