import fc from "fast-check";
import { filters as allFilters } from "liquidjs";
import { describe, expect, test } from "vitest";
import { runTemplate } from "./run-template.fixture.ts";
import { steppedLiquid, stepsPerEvent } from "./stepped-liquid.ts";

const filterNames = Object.keys(allFilters).filter((name) => Object.hasOwn(steppedLiquid.filters, name));
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
    const originals = { ...steppedLiquid.filters };
    for (const [name, handler] of Object.entries(originals)) {
      steppedLiquid.filters[name] = function (input: unknown, ...args: unknown[]) {
        seen.add(name);
        for (const operand of [input, ...args]) Meter.current.add(operand);
        return (handler as Extract<typeof handler, (...all: never) => unknown>).call(this, input, ...args);
      };
    }
    try {
      fc.assert(
        fc.property(nodes, (text) => {
          Meter.current = new Meter();
          const { steps } = runTemplate(
            `{% assign a = "b,a" | split: "," %}{% assign i = 1 %}${text}`.slice(0, 10_000),
          );
          expect(steps).toBeLessThanOrEqual(stepsPerEvent);
          expect(Meter.current.units).toBeLessThanOrEqual(maxUnits);
        }),
        { numRuns: 1_000 },
      );
      expect(filterNames.filter((name) => !seen.has(name))).toEqual([]);
    } finally {
      Object.assign(steppedLiquid.filters, originals);
    }
  }, 60_000);
});
