import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FilterBudget, tooCostly } from "./budget.ts";
import { InvalidPattern } from "./pattern.ts";
import { whenEnvironment } from "./when-environment.ts";
import { compileWhen, InvalidWhen, type WhenContext } from "./when.ts";

const context: WhenContext = {
  labels: {
    team: "platform",
    tier: "prod",
    count: "7",
    word: "x",
    list: "a,b,c",
    age: "2h",
    json: '{"split":"x","n":[1,2]}',
    namespace: "shop",
  },
  annotations: { summary: "Disk full" },
  alert_name: "DiskFull",
  severity: "critical",
};

function answer(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch {
    return "fails";
  }
}

describe("a condition", () => {
  test.each([
    ["severity == 'info'", true],
    ["labels.all(name, name != severity)", true],
    ["labels.severity == 'info' && alert_name != 'severity'", false],
    ["has(labels.severity)", false],
  ])("%s reads the severity: %j", (expression, reads) => {
    expect(compileWhen(expression).readsSeverity).toBe(reads);
  });

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
    ["labels.list.split(',').exists(one, one == 'b') && labels.list.split(',', 2)[1] == 'b,c'", true],
    ["( labels . list ) . split (',').size() == 3", true],
    ["labels.list.lastIndexOf('b') == 2 && labels.list.lastIndexOf(',', 2) == 1", true],
    ["duration(labels.age) > duration('90m') && duration((labels.age)).getHours() == 2", true],
    ["bytes(labels.json).json().split == 'x' && bytes(labels.json).json().n.size() == 2", true],
    // A condition that fails lets the alert pass.
    ["bytes(labels.word).json().a == 'x'", true],
    ["duration(labels.word) > duration('1h')", true],
    ["timestamp('2026-01-01T00:00:00Z').getHours(labels.word) == 5", true],
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

  test.each([
    ["a list that a macro visits", "labels.a.split('').exists(c, c + c + c + c == 'b')", "a".repeat(64_000)],
    ["lists inside a macro", "labels.a.split('').exists(c, c + 'z' in labels.a.split(''))", "ab".repeat(2_000)],
    ["a search from the end", "labels.a.lastIndexOf(labels.b) > 0", "a".repeat(64_000)],
    ["a list in JSON", "bytes(labels.a).json().a.exists(c, c == 5.0)", JSON.stringify({ a: Array(30_000).fill(1) })],
    ["time zones", Array(20).fill("timestamp(labels.t).getHours('Asia/Tokyo') == 5").join(" || "), "a".repeat(20_000)],
  ])("that would take too long is not evaluated: %s", (_says, expression, a) => {
    const labels = { a, b: `${"a".repeat(32_000)}b`.slice(0, a.length / 2), t: "2026-01-01T00:00:00Z" };
    const judge = () => compileWhen(expression)({ ...context, labels }, new FilterBudget());
    expect(judge).toThrow(tooCostly);
  });

  test("passes at once for an unrealistic duration", () => {
    const labels = { a: "9".repeat(4_000) };
    expect(compileWhen("duration(labels.a) == duration('1h')")({ ...context, labels }, new FilterBudget())).toBe(true);
  });

  test("has functions that return the same results as CEL's own", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", ",", "é", "😀"), maxLength: 8 });
    const calls = [
      ["a.split(b)", "boundedSplit"],
      ["a.split(b, n)", "boundedSplit"],
      ["a.lastIndexOf(b)", "boundedLastIndexOf"],
      ["a.lastIndexOf(b, n)", "boundedLastIndexOf"],
    ] as const;
    const typed = whenEnvironment.clone({}).registerVariable("a", "string").registerVariable("b", "string");
    typed.registerVariable("n", "int");
    fc.assert(
      fc.property(text, text, fc.bigInt({ min: -2n, max: 9n }), fc.constantFrom(...calls), (a, b, n, [call, name]) => {
        const own = answer(() => typed.evaluate(call, { a, b, n }));
        const ours = answer(() => typed.evaluate(call.replace(/\.\w+/, `.${name}`), { a, b, n }));
        expect(ours).toEqual(own);
      }),
    );
  });

  test("with a pattern that RE2 does not support is refused", () => {
    expect(() => compileWhen("re(alert_name, '(?=x)')")).toThrow(InvalidPattern);
  });

  test("has an error message that shows only the place of the mistake", () => {
    expect(() => compileWhen("labels.tier ==")).toThrow(/^[^\n]+$/);
  });
});
