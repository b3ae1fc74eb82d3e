import { describe, expect, test } from "vitest";
import type { RuleSettings } from "../../classification/classification-settings.ts";
import { builtInRules } from "./built-in-rules.ts";
import { RulesClassifier } from "./rules-classifier.ts";

const alert = (labels: Record<string, string>, annotations: Record<string, string> = {}) => ({
  fingerprint: "f",
  labels,
  annotations,
  startsAtMs: 0,
});

const verdictOf = (labels: Record<string, string>, rules: readonly Partial<RuleSettings>[] = []) =>
  new RulesClassifier(
    rules.map((rule) => ({ name: "mine", severity: "warning" as const, confidence: 0.9, ...rule })),
  ).verdictNow(alert(labels));

describe("rules", () => {
  test("of the configuration come before the built-in ones, and the first that matches wins", () => {
    const rules: Partial<RuleSettings>[] = [
      { name: "a", matchers: ['team="x"'], severity: "info" },
      { name: "b", when: "labels.team == 'y'", severity: "noise" },
      { name: "c", when: "labels.team == 'y'", severity: "critical" },
    ];
    expect(verdictOf({ alertname: "KubeNodeNotReady", team: "x" }, rules)).toMatchObject({
      model: "a",
      severity: "info",
    });
    expect(verdictOf({ alertname: "KubeNodeNotReady", team: "y" }, rules)).toMatchObject({
      model: "b",
      severity: "noise",
    });
    expect(verdictOf({ alertname: "KubeNodeNotReady" }, rules)).toMatchObject({
      model: "node-degraded",
      severity: "warning",
    });
    expect(verdictOf({ alertname: "Unheard" }, rules)).toBeUndefined();
  });

  test("name themselves in the reasoning", () => {
    expect(verdictOf({ team: "x" }, [{ reasoning: "It is late" }])).toMatchObject({
      provider: "rules",
      model: "mine",
      reasoning: 'Rule "mine": It is late',
    });
  });

  test("do not match if their condition fails for the alert", () => {
    const rules = [{ when: "int(labels.count) > 5", severity: "noise" as const }];
    expect(verdictOf({ count: "7" }, rules)).toMatchObject({ severity: "noise" });
    expect(verdictOf({ count: "3" }, rules)).toBeUndefined();
    expect(verdictOf({ count: "many" }, rules)).toBeUndefined();
  });

  test.each([
    ["Watchdog", "always-firing"],
    ["KubeAPIDown", "control-plane-down"],
    ["KubePersistentVolumeErrors", "volume-errors"],
    ["PrometheusBadConfig", "alerting-broken"],
    ["KubePodCrashLooping", "workload-degraded"],
    ["KubeNodeUnreachable", "node-degraded"],
    ["TargetDown", "target-missing"],
    ["CPUThrottlingHigh", "quota"],
    ["MyKubeAPIDown", undefined],
    ["KubeAPIDownAgain", undefined],
    ["CheckoutIsSlow", undefined],
  ])("of the table know %s", (alertname, name) => {
    expect(verdictOf({ alertname })?.model).toBe(name);
  });

  test("do not match if their condition takes too long", () => {
    const all = Array.from({ length: 40 }, (_, i) => `re(labels.text, "(a|b|${i})*c{${i + 1}}d")`).join(" || ");
    const rules = [{ when: `${all} || true`, severity: "noise" as const }];
    expect(verdictOf({ text: "short" }, rules)).toMatchObject({ severity: "noise" });
    expect(verdictOf({ text: "ab".repeat(50_000) }, rules)).toBeUndefined();
  });

  test("of the table have different names", () => {
    expect(new Set(builtInRules.map(({ name }) => name)).size).toBe(builtInRules.length);
  });
});
