import { describe, expect, test } from "vitest";
import { readAlertmanagerFile } from "./read-alertmanager-file.ts";
import { type LabelSet, routesOf } from "./routes-of.ts";

const tree = (routes: string) =>
  readAlertmanagerFile(
    `route: { receiver: root, routes: [${routes}] }\nreceivers: [{ name: root }, { name: a }, { name: b }, { name: c }]`,
    "alertmanager.yml",
  ).root;

const receivers = (routes: string, labels: LabelSet) => routesOf(tree(routes), labels).map(({ receiver }) => receiver);

describe("an alert reaches", () => {
  const first = "{ receiver: a, matchers: ['x=1'] }, { receiver: b, matchers: ['y=1'] }";
  const continued = "{ receiver: a, matchers: ['x=1'], continue: true }, { receiver: b, matchers: ['y=1'] }";
  const nested =
    "{ receiver: a, matchers: ['x=1'], routes: [{ receiver: b, match: { y: 1 } }, { match_re: { y: '2|3' }, continue: yes }, { receiver: c, matchers: ['z!=\"\"'] }] }";
  test.each<[string, string, LabelSet, string[]]>([
    ["the root, if no route matches", first, {}, ["root"]],
    ["the first of two matching routes", first, { x: "1", y: "1" }, ["a"]],
    ["the second, if the first does not match", first, { x: "2", y: "1" }, ["b"]],
    ["both, if the first continues", continued, { x: "1", y: "1" }, ["a", "b"]],
    ["the first alone, if it continues and no other matches", continued, { x: "1" }, ["a"]],
    ["the parent, if no child matches", nested, { x: "1" }, ["a"]],
    ["the child instead of its parent", nested, { x: "1", y: "1", z: "1" }, ["b"]],
    ["a child with its parent's receiver, then the next child", nested, { x: "1", y: "3", z: "1" }, ["a", "c"]],
    ["no child of a route that does not match", nested, { y: "1" }, ["root"]],
    ["a route that needs no label, without the label", "{ receiver: a, matchers: ['x=\"\"'] }", {}, ["a"]],
    ["a negative matcher's route, without the label", "{ receiver: a, matchers: ['x!~\"1|2\"'] }", {}, ["a"]],
    ["a route only if the whole value matches", "{ receiver: a, matchers: ['x=~\"1\"'] }", { x: "11" }, ["root"]],
  ])("%s", (_, routes, labels, expected) => {
    expect(receivers(routes, labels)).toEqual(expected);
  });
});

test.each([
  ["a:\n  b: [\n", "alertmanager.yml: is not valid YAML, see line 3"],
  ["receivers: []", "alertmanager.yml: route: required"],
  ["route: { receiver: a }", 'alertmanager.yml: route.receiver: there is no receiver "a"'],
  [
    "route: { receiver: a, routes: [{ matchers: ['x=~\"(\"'] }] }\nreceivers: [{ name: a }]",
    expect.stringContaining("alertmanager.yml: route.routes[0].matchers[0]: "),
  ],
])("%j is refused", (text, message) => {
  expect(() => readAlertmanagerFile(text, "alertmanager.yml")).toThrow(expect.objectContaining({ message }));
});
