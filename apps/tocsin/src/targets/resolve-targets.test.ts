import { describe, expect, test } from "vitest";
import { nameIn } from "./fallbacks.ts";
import { resolveTargets } from "./resolve-targets.ts";
import { stateOf } from "./resolved-target.ts";
import { configTargets, type TargetSet, type TargetDefinition } from "./target-definition.ts";

const pagerduty = (name: string, more: object = {}) => ({
  name,
  type: "pagerduty",
  region: "us",
  routing_key: "R0UT1NGKEY0123456789abcdefABCDEF",
  ...more,
});
const readSecret = (input: unknown) => input as string;
const read = (...inputs: unknown[]) => resolveTargets([configTargets(inputs, readSecret)]);
const secret = (namespace: string, name: string, more: object = {}): TargetDefinition => ({
  place: `${namespace}/${name}`,
  namespace,
  name,
  input: { type: "pagerduty", region: "us" },
  beside: { routing_key: "R0UT1NGKEY0123456789abcdefABCDEF\n" },
  ...more,
});
const readSecrets = (...targets: TargetDefinition[]) => resolveTargets([{ source: "kubernetes", targets, readSecret }]);
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
    [{}, "failing", "failing"],
    [{}, "paused", "paused"],
    [{ mode: "shadow" }, "unauthorized", "shadow"],
    [{ enabled: false }, "failing", "disabled"],
  ])("with the settings %j, whose receiver answers %j, are %s", (more, says, state) => {
    const [entry] = read(pagerduty("a", more));
    const known = says === "unauthorized" || says === "misconfigured";
    expect(
      stateOf(entry!, {
        blocked: known ? { state: says, detail: "" } : null,
        breaker: { state: says === "failing" ? "half_open" : "closed", untilMs: null },
        limiter: { limit: 120, used: 0, pausedUntilMs: says === "paused" ? 5 : null },
      }),
    ).toBe(state);
  });

  test("without a name are named after their place", () => {
    expect(read(5, { type: "pagerduty" }, pagerduty("")).map(({ name }) => name)).toEqual([
      "targets[0]",
      "targets[1]",
      "targets[2]",
    ]);
  });

  test("with more than 100 mistakes show the first 100 and how many more there are", () => {
    const keys = Array.from({ length: 130 }, (_, n) => [`unknown_${n}`, 1] as const);
    const [entry] = read(pagerduty("a", Object.fromEntries(keys)));
    expect(entry!.errors).toHaveLength(101);
    expect(entry!.errors.at(-1)).toEqual({ path: "", message: "and 30 more mistakes" });
  });

  test("with the same name: the first is used, the others are reported as errors", () => {
    expect(problems(pagerduty("a"), pagerduty("b"), pagerduty("a"))).toEqual([
      ["a"],
      ["b"],
      ["a (targets[2])", "targets[2].name: targets[0] has the same name; names must be unique"],
    ]);
  });

  test("with the same name: a broken one of the first source does not block a valid one", () => {
    const files: TargetSet = { source: "files", targets: [{ place: "t/a.json", input: pagerduty("a") }], readSecret };
    const entries = resolveTargets([configTargets([pagerduty("a", { routing_key: "short" })], readSecret), files]);
    expect(entries.map(({ name, source, inForce }) => [name, source, inForce])).toEqual([
      ["a (targets[0])", "config", "nothing"],
      ["a", "files", "as_written"],
    ]);
    expect(entries[0]!.errors.map(({ path }) => path)).toEqual(["targets[0].routing_key", "targets[0].name"]);
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

  test("whose text cannot be parsed report the reason and the position", () => {
    const issues = [{ path: "target.json", message: "is not valid JSON" }];
    const [entry] = readSecrets(secret("shop", "a", { input: undefined, issues }));
    expect(entry).toMatchObject({ name: "shop/a", place: "shop/a", errors: issues, inForce: "nothing" });
  });
});

const broken = (name: string, more: object = {}) => pagerduty(name, { routing_key: "short", ...more });

describe("the last valid version", () => {
  const [valid] = read(pagerduty("a"));
  const again = (...inputs: unknown[]) => resolveTargets([configTargets(inputs, readSecret)], { before: [valid!] });

  test("stays in use for a broken target, unless that target is disabled", () => {
    const [kept] = again(broken("a"));
    expect(kept).toMatchObject({ name: "a", inForce: "last_valid", target: valid!.target, errors: [{}] });
    const [off] = again(broken("a", { enabled: false }));
    expect(off).toMatchObject({ name: "a", inForce: "nothing", target: undefined, errors: [{}] });
  });

  test("is found by the place if even the name cannot be read any more", () => {
    expect(again("torn")[0]).toMatchObject({ name: "a", inForce: "last_valid", target: valid!.target });
    expect(again(broken("renamed"))[0]).toMatchObject({ name: "a", inForce: "last_valid" });
  });

  test("is not taken from its place while another definition there has the name", () => {
    expect(again("torn", pagerduty("a")).map(({ name, inForce }) => [name, inForce])).toEqual([
      ["targets[0]", "nothing"],
      ["a", "as_written"],
    ]);
  });
});

/** One file or Secret: its place, and its current content. Absent: it does not exist. */
type Documents = Readonly<Record<string, unknown>>;

/** Loads each state after the one before, and returns the entries of the last: name, place, and the routing key in use. */
function load(states: readonly Documents[], source: "files" | "kubernetes") {
  let before: ReturnType<typeof resolveTargets> = [];
  for (const documents of states) {
    const targets = Object.entries(documents).flatMap(([place, content]): TargetDefinition[] => {
      if (source === "kubernetes") return [secretAt(place, content)];
      return Array.isArray(content)
        ? content.map((input: unknown, index) => ({ place: `${place}[${index}]`, input }))
        : [{ place, input: content }];
    });
    before = resolveTargets([{ source, targets, readSecret }], { before });
  }
  return before.map(({ name, place, target, inForce }) => [name, place, target?.credential?.reveal()[0] ?? inForce]);
}
const secretAt = (place: string, input: unknown): TargetDefinition => {
  const [namespace = "", name = ""] = place.split("/");
  return { place, namespace, name, input };
};
const key = (letter: string) => ({ routing_key: letter.repeat(32) });

describe("a broken definition with the name of a valid one", () => {
  const one = pagerduty("pager", key("1"));
  const two = pagerduty("pager", key("2"));
  const other = pagerduty("other", key("3"));
  const typo = broken("pager");
  const off = broken("pager", { enabled: false });

  test.each<[string, readonly Documents[], unknown]>([
    [
      "loads first",
      [{ "t/a": typo, "t/b": one }],
      [
        ["pager (t/a)", "t/a", "nothing"],
        ["pager", "t/b", "1"],
      ],
    ],
    [
      "loads last",
      [{ "t/a": one, "t/b": typo }],
      [
        ["pager", "t/a", "1"],
        ["pager (t/b)", "t/b", "nothing"],
      ],
    ],
    [
      "comes later",
      [{ "t/b": one }, { "t/a": typo, "t/b": one }],
      [
        ["pager (t/a)", "t/a", "nothing"],
        ["pager", "t/b", "1"],
      ],
    ],
    [
      "stays while the key of the valid one is rotated",
      [
        { "t/a": typo, "t/b": one },
        { "t/a": typo, "t/b": two },
      ],
      [
        ["pager (t/a)", "t/a", "nothing"],
        ["pager", "t/b", "2"],
      ],
    ],
    [
      "stays when the valid one is deleted",
      [{ "t/a": typo, "t/b": one }, { "t/a": typo }],
      [["pager", "t/a", "nothing"]],
    ],
    ["comes when the valid one is deleted", [{ "t/b": one }, { "t/a": typo }], [["pager", "t/a", "nothing"]]],
    [
      "stays when the valid one breaks",
      [
        { "t/a": typo, "t/b": one },
        { "t/a": typo, "t/b": broken("pager", { x: 1 }) },
      ],
      [
        ["pager (t/a)", "t/a", "nothing"],
        ["pager", "t/b", "1"],
      ],
    ],
    [
      "stays when the valid one is torn",
      [
        { "t/a": typo, "t/b": one },
        { "t/a": typo, "t/b": undefined },
      ],
      [
        ["pager (t/a)", "t/a", "nothing"],
        ["pager", "t/b", "1"],
      ],
    ],
    [
      "is repaired: the first valid one owns the name",
      [
        { "t/a": typo, "t/b": one },
        { "t/a": two, "t/b": one },
      ],
      [
        ["pager", "t/a", "2"],
        ["pager (t/b)", "t/b", "nothing"],
      ],
    ],
    [
      "was valid and in use: it keeps the name",
      [{ "t/a": one }, { "t/a": typo, "t/b": two }],
      [
        ["pager", "t/a", "1"],
        ["pager (t/b)", "t/b", "nothing"],
      ],
    ],
    [
      "was valid and is deleted: the valid one takes the name",
      [{ "t/a": one }, { "t/a": typo, "t/b": two }, { "t/b": two }],
      [["pager", "t/b", "2"]],
    ],
    [
      "was renamed: the valid one takes the name",
      [{ "t/a": one }, { "t/a": broken("new"), "t/b": two }],
      [
        ["new", "t/a", "nothing"],
        ["pager", "t/b", "2"],
      ],
    ],
    [
      "says that it is disabled: it keeps the name",
      [{ "t/a": off, "t/b": one }],
      [
        ["pager", "t/a", "nothing"],
        ["pager (t/b)", "t/b", "nothing"],
      ],
    ],
    [
      "is one of two broken ones",
      [{ "t/a": typo, "t/b": broken("pager", { x: 1 }), "t/c": one }],
      [
        ["pager (t/a)", "t/a", "nothing"],
        ["pager (t/b)", "t/b", "nothing"],
        ["pager", "t/c", "1"],
      ],
    ],
    [
      "is alone with another broken one",
      [{ "t/a": typo, "t/b": typo }],
      [
        ["pager", "t/a", "nothing"],
        ["pager (t/b)", "t/b", "nothing"],
      ],
    ],
  ])("%s", (_, states, expected) => {
    expect(load(states, "files")).toEqual(expected);
    const named = (expected as string[][]).map(([name, ...rest]) => [`t/${name}`, ...rest]);
    expect(load(states, "kubernetes")).toEqual(named);
  });

  test.each<[string, readonly unknown[][], unknown]>([
    [
      "loads first",
      [[typo, one]],
      [
        ["pager (t[0])", "nothing"],
        ["pager", "1"],
      ],
    ],
    ["stays when the valid one is deleted", [[one, typo], [typo]], [["pager", "nothing"]]],
    ["stays when the valid one before it is deleted", [[other, typo], [typo]], [["pager", "nothing"]]],
    [
      "is edited beside the valid one",
      [
        [typo, one],
        [broken("pager", { x: 1 }), one],
      ],
      [
        ["pager (t[0])", "nothing"],
        ["pager", "1"],
      ],
    ],
    [
      "stays when the valid one breaks",
      [
        [typo, one],
        [typo, broken("pager", { x: 1 })],
      ],
      [
        ["pager (t[0])", "nothing"],
        ["pager", "1"],
      ],
    ],
    ["was valid and moves up", [[other, one], [typo]], [["pager", "1"]]],
    [
      "was valid and moves down",
      [[one], [other, typo]],
      [
        ["other", "3"],
        ["pager", "1"],
      ],
    ],
  ])("in one list: %s", (_, states, expected) => {
    const entries = load(
      states.map((list) => ({ t: list })),
      "files",
    );
    expect(entries.map(([name, , used]) => [name, used])).toEqual(expected);
  });

  test("does not make a short name ambiguous", () => {
    const entries = readSecrets(secretAt("a/x", pagerduty("pager")), secretAt("b/x", typo));
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    expect(nameIn(byName, "pager")).toBe("a/pager");
    expect(nameIn(byName, "pager", "b")).toBe("b/pager");
  });
});

const classified = (classification: { readonly budgetMs: number } | "none", ...inputs: unknown[]) =>
  resolveTargets([configTargets(inputs, readSecret)], { classification }).map(({ warnings }) => warnings);

describe("options about classification", () => {
  const filters = { exclude_noise: true, min_confidence: 0.5 };

  test("have a warning if no alert is classified", () => {
    const inputs = [pagerduty("a", { filters, wait_for_classification: true }), pagerduty("b")];
    const message = "has no effect: `classification.provider` is `none`, so no alert is classified";
    const paths = ["filters.exclude_noise", "filters.min_confidence", "wait_for_classification"];
    expect(classified("none", ...inputs)).toEqual([paths.map((path) => ({ path: `targets[0].${path}`, message })), []]);
    expect(classified({ budgetMs: 2_000 }, ...inputs)).toEqual([[], []]);
  });

  test("have a warning if the fallback would not wait for a verdict", () => {
    const inputs = ["2s", "2001ms"].map((after, index) =>
      pagerduty(`a${index}`, { fallback: "b", fallback_after: after }),
    );
    expect(classified({ budgetMs: 2_000 }, ...inputs, pagerduty("b", { fallback_after: "1s" }))).toEqual([
      [
        {
          path: "targets[0].fallback_after",
          message: "is not longer than `classification.budget` (2s): pages to this target do not wait for a verdict",
        },
      ],
      [],
      [],
    ]);
  });
});
