import { describe, expect, test } from "vitest";
import type { Conversion } from "./convert-alertmanager.ts";
import { convert, pagers, withRoutes } from "./convert.fixture.ts";

const filtersByName = ({ targets }: Conversion) =>
  Object.fromEntries(targets.map(({ name, input }) => [name, input["filters"]]));

describe("routes become filters", () => {
  test.each<[string, string, object]>([
    [
      "the first match becomes negated matchers of the siblings before it",
      "{ receiver: a, matchers: ['x=1'] }, { receiver: b, matchers: ['y=~\"1|2\"'] }",
      {
        root: { matchers: ['x!="1"', 'y!~"1|2"'] },
        a: { matchers: ['x="1"'] },
        b: { matchers: ['y=~"1|2"', 'x!="1"'] },
      },
    ],
    [
      "a sibling with continue is not negated",
      "{ receiver: a, matchers: ['x=1'], continue: true }, { receiver: b, matchers: ['y=1'] }",
      { root: { matchers: ['x!="1"', 'y!="1"'] }, a: { matchers: ['x="1"'] }, b: { matchers: ['y="1"'] } },
    ],
    [
      "a sibling that cannot match is left out",
      "{ receiver: a, matchers: ['x=1'] }, { receiver: b, matchers: ['x=2'] }",
      { root: { matchers: ['x!~"1|2"'] }, a: { matchers: ['x="1"'] }, b: { matchers: ['x="2"'] } },
    ],
    [
      "two matchers of a sibling are negated together, in when",
      "{ receiver: a, matchers: ['x=1', 'y=1'] }",
      { root: { when: '!(labels.x == "1" && labels.y == "1")' }, a: { matchers: ['x="1"', 'y="1"'] } },
    ],
    [
      "when is not needed if the rest of the matchers is known",
      "{ receiver: a, matchers: ['x=1', 'y=1'] }, { receiver: b, matchers: ['x=1'] }, { receiver: root, matchers: ['z=1'] }",
      {
        root: { matchers: ['x!="1"'], when: undefined },
        a: { matchers: ['x="1"', 'y="1"'] },
        b: { matchers: ['x="1"', 'y!="1"'] },
      },
    ],
  ])("%s", (_, routes, expected) => {
    const converted = convert(withRoutes(routes));
    expect(filtersByName(converted)).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([name]) => name !== "root" || !routes.includes("z=1"))),
    );
    expect(converted.compare()).toMatchObject({ lostCriticals: [], differences: [], invalid: [] });
  });

  test("a route that no alert reaches has no target", () => {
    const { targets } = convert(withRoutes("{ receiver: a }, { receiver: b, matchers: ['x=1'] }"));
    expect(targets.map(({ name }) => name)).toEqual(["a"]);
  });

  test("routes of one receiver share a target if one alert can reach both", () => {
    const { targets } = convert(
      withRoutes("{ receiver: a, matchers: ['x=1'], continue: true }, { receiver: a, matchers: ['y=1'] }"),
    );
    expect(targets.map(({ name, input }) => [name, input["filters"]])).toEqual([
      ["root", { matchers: ['x!="1"', 'y!="1"'] }],
      ["a", { when: '(labels.x == "1") || (labels.y == "1")' }],
    ]);
  });

  test("routes with the same groups share a target, since their incidents have the same dedup keys", () => {
    const routes =
      "{ receiver: a, matchers: ['x=1'] }, { receiver: b, matchers: ['y=1'] }, { receiver: a, matchers: ['z=1'] }";
    const names = (root: string) => convert(withRoutes(routes, root)).targets.map(({ name }) => name);
    expect(names("receiver: root")).toEqual(["root", "a", "a-2", "b"]);
    expect(names("receiver: root, group_by: [alertname]")).toEqual(["root", "a", "b"]);
    expect(names("receiver: root, group_by: ['...']")).toEqual(["root", "a", "a-2", "b"]);
  });
});

test("receivers with the same key and the same groups are reported", () => {
  const receivers = ["root", "a"].map((name) => `{ name: ${name}, pagerduty_configs: [{ routing_key_file: shared }] }`);
  const remarksWith = (groupBy: string) =>
    convert(
      `route: { receiver: root, group_by: [${groupBy}], routes: [{ receiver: a, matchers: ['x=1'] }] }\nreceivers: [${receivers.join(", ")}]`,
    ).remarks;
  expect(remarksWith("alertname")).toMatchObject([{ kind: "changed", path: "receivers[1].pagerduty_configs[0]" }]);
  expect(remarksWith("'...'")).toEqual([]);
});

describe("a comparison finds", () => {
  const text = withRoutes(
    "{ receiver: a, matchers: ['x=1', 'severity=critical'], routes: [{ receiver: b, matchers: ['y=~\"1|2\"'] }] }",
  );

  test("nothing in a correct conversion", () => {
    expect(convert(text).compare()).toMatchObject({ lostCriticals: [], differences: [], untried: [], invalid: [] });
  });

  test.each([
    ["a value that is missing", /y=~"1\|2"/, 'y=~"1"'],
    ["a negation that is missing", /- y!~"1\|2"/, '- y!~"3"'],
    ["a target that is missing", / {2}# .*\n {2}- name: b\n[^]*?(?=\n {2}#|$)/, ""],
    ["a condition that is missing", /when: .*/, 'when: "true"'],
    ["a target that receives nothing", /x="1"/, 'x="2"'],
  ])("%s", (_, part, instead) => {
    const comparison = convert(text).compare((configuration) => {
      expect(configuration).toMatch(part);
      return configuration.replace(part, instead);
    });
    expect(comparison.differences.length).toBeGreaterThan(0);
  });

  test("criticals that no target receives, with their labels and the receiver", () => {
    const { compare, remarks } = convert(
      "route: { receiver: root, routes: [{ receiver: sms, matchers: ['x=1'] }] }\n" +
        `receivers: [${pagers("root").join()}, { name: sms, pushover_configs: [{ token: t }] }]`,
    );
    expect(compare().lostCriticals).toEqual([{ labels: { x: "1", severity: "critical" }, receivers: ["sms"] }]);
    expect(remarks).toContainEqual(
      expect.objectContaining({ kind: "left_out", path: "receivers[1].pushover_configs[0]" }),
    );
  });

  test("no loss at a receiver without integrations", () => {
    const { compare } = convert("route: { receiver: nobody }\nreceivers: [{ name: nobody }]");
    expect(compare()).toMatchObject({ lostCriticals: [], differences: [] });
  });
});
