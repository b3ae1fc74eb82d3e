import { RE2JS } from "re2js";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Alert } from "../alerts/alert.ts";
import { route } from "../decisions/route.ts";
import { parseTarget } from "../targets/parse-target.ts";
import type { TargetType } from "../targets/target-type.ts";
import type { Target } from "../targets/target.ts";
import { FilterBudget, stepLimits, tooCostly } from "./budget.ts";

const bell: TargetType = {
  type: "bell",
  description: "A bell.",
  notes: "",
  fields: {},
  rateLimit: { limit: 60, perMs: 1_000 },
  adoptsUnknownResolves: false,
  changes: "never",
  locate: () => ({ url: "https://bell", credential: null, degraded: false, headers: {}, issues: [], warnings: [] }),
};

function target(name: string, filters: object): Target {
  const parsed = parseTarget({ type: "bell", name, filters }, { types: [bell], readSecret: String, name });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}

const alertOf = (labels: Record<string, string>, annotations: Record<string, string> = {}): Alert => ({
  fingerprint: "f",
  labels: { alertname: "Hostile", severity: "warning", ...labels },
  annotations,
  startsAtMs: 0,
});

/** One of the most expensive patterns for RE2: its automaton has 600 states after each character. */
const costly = (index: number) => `(a|b)*a(a|b){200}c${index}`;
/** A text for such a pattern, which makes every pattern search to its end. */
const long = `${"abbabaab".repeat(511)}c0c1c2c3`;
const labels = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`l${index}`, `${index}${long}`]));
const hostile = alertOf(labels);
const matchers = Array.from({ length: 60 }, (_, index) => `l${index}!~"${costly(index)}"`);
const left = "sent although a filter was not applied, since it would take too long: ";

afterEach(() => vi.restoreAllMocks());

describe("60 costly matchers on labels of 4 KiB", () => {
  test("run as often as the budget allows, and the alert is sent with the reason", () => {
    const runs = vi.spyOn(RE2JS.prototype, "testExact");
    const [decision] = route(hostile, [target("hostile", { matchers })]);
    const steps = 600 * 4_096;
    expect(runs.mock.calls.length).toBeGreaterThan(0);
    expect(runs.mock.calls.length).toBeLessThanOrEqual((stepLimits.shared + stepLimits.ofTarget) / steps);
    expect(decision).toMatchObject({ send: true, detail: expect.stringContaining(left) });
  });

  test("cost the same in total if each of 60 targets has one", () => {
    const runs = vi.spyOn(RE2JS.prototype, "testExact");
    const targets = matchers.map((matcher, index) => target(`t${index}`, { matchers: matcher }));
    expect(route(hostile, targets).filter(({ send }) => send)).toHaveLength(60);
    expect(runs.mock.calls.length).toBeLessThanOrEqual(3);
  });

  test("do not stop other filters, of the same target or of the next one", () => {
    const cheap = { labels: { team: "platform" } };
    const decisions = route(hostile, [
      target("hostile", { matchers }),
      target("hostile with another filter", { matchers, ...cheap }),
      target("hostile with a cheap matcher", { matchers: [...matchers, 'alertname=~"Kube[A-Z].*"'] }),
      target("usual", { matchers: 'alertname=~"Kube[A-Z].*"' }),
      target("usual that is sent", { matchers: 'alertname=~"Host[a-z]+"', alert_name_pattern: "Ho.tile" }),
    ]);
    expect(decisions.map(({ target: name, send }) => [name, send])).toEqual([
      ["hostile", true],
      ["hostile with another filter", false],
      ["hostile with a cheap matcher", false],
      ["usual", false],
      ["usual that is sent", true],
    ]);
    expect(decisions[4]).not.toHaveProperty("detail");
  });
});

describe("a filter that would take too long lets the alert pass, and the decision says so", () => {
  const pattern = costly(0);
  test.each<[string, object, Alert]>([
    ["a matcher", { matchers: matchers.slice(0, 4) }, hostile],
    [
      "the name's pattern",
      { alert_name_pattern: pattern, matchers: matchers.slice(0, 2) },
      alertOf({ ...labels, alertname: long }),
    ],
    ["re() in a condition", { when: `labels.all(name, !re(labels[name], "${pattern}"))` }, hostile],
    [
      "a condition over many labels and a long text",
      { when: "labels.exists(name, annotations.text.contains(name))" },
      alertOf(Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`n${index}`, "x"])), {
        text: "x".repeat(1_000_000),
      }),
    ],
    [
      "words in a text of megabytes",
      { matchers: ['a!~".*x.*"', 'b!~".*x.*"', 'c!~".*x.*"', 'd!~".*x.*"', 'e!~".*x.*"', 'f!~".*x.*"'] },
      alertOf(Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [name, "y".repeat(15_000_000)]))),
    ],
  ])("%s", (_name, filters, alert) => {
    expect(route(alert, [target("t", filters)])).toMatchObject([{ send: true, detail: expect.stringContaining(left) }]);
  });

  test("a condition that was too costly for one alert is evaluated for the next", () => {
    const targets = [target("t", { when: `labels.all(name, !re(labels[name], "${pattern}"))` })];
    expect(route(hostile, targets)).toMatchObject([{ send: true }]);
    expect(route(alertOf({ a: `${"b".repeat(5)}a${"b".repeat(200)}c0` }), targets)).toMatchObject([{ send: false }]);
    expect(route(hostile, targets)).toMatchObject([{ send: true, detail: expect.any(String) }]);
  });
});

test("evaluates the usual filters of 3,000 targets", () => {
  const usual = alertOf(
    { namespace: "payments", instance: "payments-api-7f9c6b5d4-x2x9z:8080", service: "payments-api", team: "payments" },
    { summary: "The payments API answers slowly", description: "p99 is above 2 s for 10 minutes. ".repeat(10) },
  );
  const targets = Array.from({ length: 30 }, (_, index) =>
    target(`t${index}`, {
      matchers: [`namespace=~"pay[a-z]+|n${index}"`, `instance!~"[a-z]+-web-.*-${index}:[0-9]+"`],
      when: `labels.team.startsWith("pay") && labels.exists(name, name == "service") && severity != "${index}"`,
    }),
  );
  const decisions = route(usual, Array<typeof targets>(100).fill(targets).flat());
  expect(decisions.filter((decision) => decision.send && decision.detail === undefined)).toHaveLength(3_000);
});

test("a target has its own steps, and takes more from the pool that all targets share", () => {
  const budget = new FilterBudget();
  budget.take(stepLimits.ofTarget + stepLimits.shared);
  expect(() => budget.take(1)).toThrow(tooCostly);
  budget.nextTarget();
  budget.take(stepLimits.ofTarget);
  expect(() => budget.take(1)).toThrow(tooCostly);
});
