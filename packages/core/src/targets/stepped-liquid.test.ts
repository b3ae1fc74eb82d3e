import { filters as allFilters, tags as allTags } from "liquidjs";
import { describe, expect, test } from "vitest";
import { runTemplate } from "./run-template.fixture.ts";
import { steppedLiquid, stepsPerEvent } from "./stepped-liquid.ts";

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
    const ran = runTemplate(text);
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
    expect(runTemplate(text)).toEqual({ steps: stepsPerEvent, rendered: undefined });
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
      const { rendered, steps } = runTemplate(text);
      expect({ text, rendered, few: steps < stepsPerEvent / 5 }).toEqual({ text, rendered: undefined, few: true });
    }
  });

  test("filters that evaluate expressions, and tags that read files, are not available", () => {
    const missing = Object.keys(allFilters).filter((name) => !Object.hasOwn(steppedLiquid.filters, name));
    expect(missing.toSorted()).toEqual(
      "find_exp find_index_exp group_by_exp has_exp reject_exp sample where_exp".split(" "),
    );
    expect(Object.keys(allTags).filter((name) => !(name in steppedLiquid.tags))).toEqual([
      "include",
      "render",
      "layout",
      "block",
    ]);
  });
});
