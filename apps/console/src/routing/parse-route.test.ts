import { expect, test } from "vitest";
import { parseRoute, targetPath } from "./parse-route.ts";

test.each([
  ["", { screen: "now" }],
  ["incidents", { screen: "incidents" }],
  ["incidents/", { screen: "incidents" }],
  ["incidents/5", { screen: "incident", id: 5 }],
  ["incidents/5x", { screen: "unknown" }],
  ["incidents/5/history", { screen: "unknown" }],
  ["incidents/9999999999999999", { screen: "unknown" }],
  ["alerts", { screen: "alerts" }],
  ["targets", { screen: "targets" }],
  ["targets/pagerduty", { screen: "target", name: "pagerduty" }],
  ["targets/tocsin/pagerduty", { screen: "target", name: "tocsin/pagerduty" }],
  ["targets/a%20%2F%20b", { screen: "target", name: "a / b" }],
  ["targets/%E0%A4%A", { screen: "target", name: "%E0%A4%A" }],
  ["targets/a/b/c", { screen: "unknown" }],
  ["deadletters/7", { screen: "dead-letter", id: 7 }],
  ["deadletters", { screen: "deadletters" }],
  ["whatif", { screen: "whatif" }],
  ["constructor", { screen: "unknown" }],
])("%s", (path, route) => {
  expect(parseRoute(path)).toEqual(route);
});

test.each(["pagerduty", "tocsin/pagerduty", "a b?#%"])("the path of the target %s leads back to it", (name) => {
  expect(parseRoute(targetPath(name))).toEqual({ screen: "target", name });
});
