import { describe, expect, test } from "vitest";
import { InvalidPattern } from "./pattern.ts";
import { compileWhen, InvalidWhen, type WhenContext } from "./when.ts";

const context: WhenContext = {
  labels: { team: "platform", tier: "prod", count: "7", word: "x", namespace: "shop" },
  annotations: { summary: "Disk full" },
  alert_name: "DiskFull",
  severity: "critical",
};

describe("a condition", () => {
  test.each([
    ["labels.tier != 'dev'", true],
    ["labels.tier == 'dev'", false],
    // A missing label is an empty text, as in a matcher.
    ["labels.missing != 'dev'", true],
    ["labels.missing == 'dev'", false],
    ["labels.missing == ''", true],
    ["labels['missing'] == ''", true],
    ['labels["tier"] == labels [ "tier" ]', true],
    ["labels[labels.word + ''] == ''", true],
    ["has(labels.tier) && !has(labels.missing)", true],
    ["'tier' in labels && !('missing' in labels)", true],
    ["labels.constructor == '' && labels.__proto__ == '' && !has(labels.toString)", true],
    ["annotations.summary.contains('full')", true],
    ["severity in ['critical', 'error'] && labels.namespace == 'shop'", true],
    ["alert_name.startsWith('Kube')", false],
    ["re(alert_name, 'k') || re(labels.team, '^plat')", true],
    ["re(labels.missing, '^$')", true],
    ["int(labels.count) > 5", true],
    ["int(labels.count) > 9", false],
    ["labels.exists(name, labels[name] == 'prod')", true],
    ["labels.filter(name, name == 'x').map(name, name).size() == 0", true],
    // What cannot be judged passes.
    ["int(labels.word) > 5", true],
    ["int(labels.word) > 5 && severity == 'info'", false],
  ])("%s is %j", (expression, verdict) => {
    expect(compileWhen(expression)(context)).toBe(verdict);
  });

  test.each([
    ["labels.tier", "expected a condition, not a string"],
    ["labels.tier = 'dev'", /./],
    ["tier != 'dev'", "Unknown variable: tier"],
    ["", /./],
    ["labels.tier.matches('(a+)+$')", 'use re(text, "pattern") instead of matches'],
    ["labels.all(a, labels.all(b, a == b))", "all() inside another macro is not allowed"],
    ["labels.exists(a, re(a, labels.b))", "the pattern of re() must be a text, not an expression"],
    ["labels[('tier')] == 'x'", 'write labels["name"] without further parentheses'],
    ["(labels).tier == 'prod'", 'write labels["name"] without further parentheses'],
    [`${"!".repeat(3000)}true`, "longer than 2000 characters"],
    [Array.from({ length: 300 }, () => "true").join("||"), /limit|Exceeded/i],
  ])("%s is refused", (expression, message) => {
    expect(() => compileWhen(expression)).toThrow(InvalidWhen);
    expect(() => compileWhen(expression)).toThrow(message);
  });

  test("with a pattern that RE2 does not know is refused", () => {
    expect(() => compileWhen("re(alert_name, '(?=x)')")).toThrow(InvalidPattern);
  });

  test("names no more than the place when it is wrong", () => {
    expect(() => compileWhen("labels.tier ==")).toThrow(/^[^\n]+$/);
  });
});
