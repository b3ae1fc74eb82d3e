import fc from "fast-check";
import { filters as allFilters, tags as allTags } from "liquidjs";
import { describe, expect, test } from "vitest";
import { liquid, SteppedContext, StepBudget, stepsPerEvent } from "./stepped-liquid.ts";

const scope = {
  labels: { alertname: "DiskFull", low: "9007199254740992", high: "9007199254740996", words: "a b c a b c" },
  annotations: { long: "a".repeat(60_000), digits: "9".repeat(60_000) },
  metadata: { list: ["b", "a", "c"], deep: [{ name: "x", n: 1 }] },
};

/** Steps that a template takes, and its text. Undefined: the template failed. */
function run(text: string): { steps: number; rendered: string | undefined } {
  const budget = new StepBudget();
  const context = new SteppedContext(scope, budget);
  let rendered: string | undefined;
  try {
    rendered = liquid.renderSync(liquid.parse(text), context) as string;
  } catch {
    // The template failed, or the budget is used up.
  }
  return { steps: stepsPerEvent - budget.left, rendered };
}

const bigList = "{% assign a = (1..8000) %}";
const longText = "{% assign t = annotations.long %}";
const doubled = (step: string) => `{% assign a = "xx" | split: "" %}${step.repeat(40)}`;

describe("the steps of a template", () => {
  test.each([
    ["plain output", "{{ labels.alertname }} is full", "DiskFull is full"],
    ["a range", "{% for i in (1..3) %}{{ i }}{% endfor %}", "123"],
    ["a range to a variable", "{% assign n = 3 %}{% for i in (1..n) %}{{ i }}{% endfor %}", "123"],
    ["a range from the size of a list, reversed", "{{ (1..metadata.list.size) | reverse | join: '' }}", "321"],
    ["a table", "{% tablerow i in (1..2) %}{{ i }}{% endtablerow %}", expect.stringContaining("<td")],
    ["a date", "{{ '2026-01-02T03:04:05Z' | date: '%A %Y-%m-%d %H:%M' }}", "Friday 2026-01-02 03:04"],
    ["where", "{{ metadata.deep | where: 'n', 1 | map: 'name' | join: '' }}", "x"],
    ["a long text, cut", "{{ annotations.long | truncate: 10 | upcase }}", "AAAAAAA..."],
  ])("%s stays far below the budget", (_, text, rendered) => {
    const ran = run(text);
    expect(ran.rendered).toEqual(rendered);
    expect(ran.steps).toBeLessThan(stepsPerEvent / 5);
  });

  test.each([
    ["nested loops", "{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}"],
    ["loops without a body", "{% for i in (1..9999) %}{% endfor %}".repeat(6)],
    ["text per item", `{% for i in (1..9999) %}${"x".repeat(9000)}{% endfor %}`],
    ["a chain of filters on a list", `{{ (1..9999)${" | reverse".repeat(20)} | size }}`],
    ["nested tables", "{% tablerow i in (1..9999) %}{% tablerow j in (1..9999) %}{% endtablerow %}{% endtablerow %}"],
    ["a search of a list per item", `${bigList}{% for x in a %}{% if a contains -1 %}{% endif %}{% endfor %}`],
    [
      "a comparison of lists per item",
      `${bigList}{% assign b = (1..8000) %}{% for x in a %}{% if a == b %}{% endif %}{% endfor %}`,
    ],
    [
      "a case of lists per item",
      `${bigList}{% assign b = (1..8000) %}{% for x in a %}{% case a %}{% when b %}{% endcase %}{% endfor %}`,
    ],
    ["a sort per item", `${bigList}{% for x in a %}{% assign b = a | sort %}{% endfor %}`],
    ["a selection per item", `${bigList}{% for x in a %}{% assign b = a | where: "size" %}{% endfor %}`],
    ["a text that doubles", `${doubled("{% assign a = a | append: a %}")}{{ a }}`],
    ["a captured text that doubles", `${doubled("{% capture a %}{{ a }}{{ a }}{% endcapture %}")}{{ a }}`],
    ["a list that doubles", doubled("{% assign a = a | concat: a %}")],
    ["a list inside itself", `${doubled("{% assign a = a | push: a %}")}{{ a }}`],
    ["a list inside itself as JSON", `${doubled("{% assign a = a | unshift: a %}")}{{ a | json }}`],
    ["groups of groups", doubled("{% assign a = a | concat: a | group_by: 'size' %}")],
    ["a replacement of every character", `${longText}{{ t | replace: "a", t }}`],
    ["a slow search", `${longText}{% assign p = t | slice: 0, 30000 | append: "b" %}{{ t | remove_last: p }}`],
    [
      "a slow search in a condition",
      `${longText}{% assign p = t | slice: 0, 30000 | append: "b" %}{% if t contains p %}{% endif %}`,
    ],
    ["a split per item", `${longText}{% for i in (1..9999) %}{% assign b = t | split: "" %}{% endfor %}`],
    [
      "a long condition per item",
      `{% for i in (1..9999) %}{% if ${Array(1500).fill(1).join(" or ")} %}{% endif %}{% endfor %}`,
    ],
    ["a long output per item", `{% for i in (1..9999) %}{{ ${Array(1500).fill(1).join(" or ")} }}{% endfor %}`],
    [
      "many branches per item",
      `{% for i in (1..9999) %}{% if nil %}${"{% elsif nil %}".repeat(500)}{% endif %}{% endfor %}`,
    ],
    [
      "many cases per item",
      `{% for i in (1..9999) %}{% case i %}{% when ${Array(3000).fill(0).join(",")} %}{% endcase %}{% endfor %}`,
    ],
    ["a long cycle per item", `{% for i in (1..9999) %}{% cycle ${Array(3000).fill(0).join(",")} %}{% endfor %}`],
    ["many filters per item", `{% for i in (1..9999) %}{{ i${" | plus: 1".repeat(900)} }}{% endfor %}`],
    ["names of days", `{% for i in (1..9999) %}{{ "now" | date: "${"%A".repeat(2000)}" }}{% endfor %}`],
    ["time zones", `{% for i in (1..9999) %}{{ "now" | date: "%H", "Asia/Tokyo" }}{% endfor %}`],
    ["a date with a width", `{{ "now" | date: "%99999999d" }}`],
    [
      "a comment per item",
      `{% for i in (1..9999) %}{% comment %}${"{{ x }}".repeat(1000)}{% endcomment %}{% endfor %}`,
    ],
    ["raw text per item", `{% for i in (1..9999) %}{% raw %}${"x".repeat(9000)}{% endraw %}{% endfor %}`],
  ])("%s: fails once the budget is used up", (_, text) => {
    expect(run(text)).toEqual({ steps: stepsPerEvent, rendered: undefined });
  });

  test.each([
    ["of literals", "(9007199254740992..9007199254740994)"],
    ["of labels", "(labels.low..labels.high)"],
    ["of infinity", "(1..annotations.digits)"],
    ["that is long", "(1..100000000)"],
    ["that is long and begins with a negative number", "(-100000000..1)"],
    ["of lists", "(metadata.list..metadata.list)"],
  ])("a range %s fails without being built", (_, range) => {
    for (const text of [
      `{% for i in ${range} %}x{% endfor %}`,
      `{% tablerow i in ${range} %}x{% endtablerow %}`,
      `{% assign a = ${range} %}`,
      `{{ ${range} | size }}`,
      `{{ labels.words | append: ${range} }}`,
      `{{ metadata.deep | where: "a[${range}]" }}`,
      `{{ metadata.deep | map: "name" | join: ${range} }}`,
    ]) {
      const { rendered, steps } = run(text);
      expect({ text, rendered, few: steps < stepsPerEvent / 5 }).toEqual({ text, rendered: undefined, few: true });
    }
  });

  test("filters that evaluate expressions, and tags that read files, are not available", () => {
    const missing = Object.keys(allFilters).filter((name) => !Object.hasOwn(liquid.filters, name));
    expect(missing.toSorted()).toEqual(
      "find_exp find_index_exp group_by_exp has_exp reject_exp sample where_exp".split(" "),
    );
    expect(Object.keys(allTags).filter((name) => !(name in liquid.tags))).toEqual([
      "include",
      "render",
      "layout",
      "block",
    ]);
  });
});

const filterNames = Object.keys(allFilters).filter((name) => Object.hasOwn(liquid.filters, name));
const values = [
  "a",
  "i",
  "labels",
  "annotations.long",
  "annotations.digits",
  "metadata.list",
  "metadata.deep",
  "metadata",
  "(1..300)",
  '"x"',
  '""',
  "0",
  "-1",
  "1e9",
  "99999999999999999999",
  "nil",
  "empty",
  "true",
  "labels.low",
  '"%A %c"',
  '"a[(1..9)]"',
];
const value = fc.constantFrom(...values);
const filter = fc
  .tuple(fc.constantFrom(...filterNames), fc.array(value, { maxLength: 3 }))
  .map(([name, args]) => (args.length === 0 ? name : `${name}: ${args.join(", ")}`));
const piped = fc.tuple(value, fc.array(filter, { maxLength: 4 })).map((parts) => parts.flat().join(" | "));
const condition = fc
  .tuple(value, fc.constantFrom("==", "!=", "<", ">=", "contains", "and", "or"), value)
  .map((parts) => parts.join(" "));

const { nodes } = fc.letrec<{ nodes: string; node: string }>((tie) => ({
  nodes: fc.array(tie("node"), { minLength: 1, maxLength: 4 }).map((all) => all.join("")),
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    piped.map((text) => `{{ ${text} }}`),
    piped.map((text) => `{% assign a = ${text} %}`),
    piped.map((text) => `{% echo ${text} %}`),
    fc.constantFrom(
      "text",
      "{% increment i %}",
      "{% decrement a %}",
      "{% break %}",
      "{% continue %}",
      "{% # x %}",
      "{% raw %}{{ x }}{% endraw %}",
      "{% comment %}x{% endcomment %}",
    ),
    fc.tuple(value, value).map(([one, other]) => `{% cycle ${one}, ${other} %}`),
    tie("nodes").map((inner) => `{% capture a %}${inner}{% endcapture %}`),
    fc.tuple(value, tie("nodes")).map(([list, inner]) => `{% for i in ${list} %}${inner}{% endfor %}`),
    fc.tuple(value, tie("nodes")).map(([list, inner]) => `{% tablerow i in ${list} %}${inner}{% endtablerow %}`),
    fc
      .tuple(condition, tie("nodes"), tie("nodes"))
      .map(([is, yes, no]) => `{% if ${is} %}${yes}{% else %}${no}{% endif %}`),
    fc.tuple(condition, tie("nodes")).map(([is, inner]) => `{% unless ${is} %}${inner}{% endunless %}`),
    fc
      .tuple(value, value, tie("nodes"))
      .map(([one, other, inner]) => `{% case ${one} %}{% when ${other} %}${inner}{% endcase %}`),
    piped.map((text) => `{% liquid\nassign a = ${text}\necho a\n%}`),
  ),
}));

/** Adds up the sizes of all inputs of filters. It shares no code with the budget. */
class Meter {
  units = 0;
  static current = new Meter();

  add(operand: unknown, depth = 0): void {
    this.units += typeof operand === "string" ? 1 + operand.length / 64 : 1;
    if (this.units > maxUnits) throw new Error("more work than the budget allows");
    if (Array.isArray(operand) && depth < 40) for (const item of operand) this.add(item, depth + 1);
  }
}
/** The lowest charge: one step for sixteen characters, or for sixteen items of a range. */
const maxUnits = 16 * stepsPerEvent;

describe("any template", () => {
  test("does no more work than its steps allow, with any tags and filters", () => {
    const seen = new Set<string>();
    const originals = { ...liquid.filters };
    for (const [name, handler] of Object.entries(originals)) {
      liquid.filters[name] = function (input: unknown, ...args: unknown[]) {
        seen.add(name);
        for (const operand of [input, ...args]) Meter.current.add(operand);
        return (handler as Extract<typeof handler, (...all: never) => unknown>).call(this, input, ...args);
      };
    }
    try {
      fc.assert(
        fc.property(nodes, (text) => {
          Meter.current = new Meter();
          const { steps } = run(`{% assign a = "b,a" | split: "," %}{% assign i = 1 %}${text}`.slice(0, 10_000));
          expect(steps).toBeLessThanOrEqual(stepsPerEvent);
          expect(Meter.current.units).toBeLessThanOrEqual(maxUnits);
        }),
        { numRuns: 1_000 },
      );
      expect(filterNames.filter((name) => !seen.has(name))).toEqual([]);
    } finally {
      Object.assign(liquid.filters, originals);
    }
  }, 60_000);
});
