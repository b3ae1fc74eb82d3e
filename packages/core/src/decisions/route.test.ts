import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Alert } from "../alerts/alert.ts";
import { isBlank } from "../schema/is-blank.ts";
import { alertFingerprint } from "../alerts/fingerprint.ts";
import { parseTarget } from "../targets/parse-target.ts";
import type { TargetType } from "../targets/target-type.ts";
import type { Target } from "../targets/target.ts";
import { fitDedupKey } from "./dedup-key.ts";
import type { EpisodeVerdict } from "../alerts/verdict.ts";
import { type ClassificationTerms, route } from "./route.ts";
import { summaryOf } from "./summary.ts";

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

function target(input: object): Target {
  const options = { types: [bell], readSecret: String, name: "t" };
  const parsed = parseTarget({ type: "bell", ...input }, options);
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}

function alertOf(labels: Record<string, string>, annotations: Record<string, string> = {}): Alert {
  return { fingerprint: alertFingerprint(labels), labels, annotations, startsAtMs: 0 };
}

const disk = alertOf({ alertname: "DiskFull", severity: "critical", instance: "db-1" }, { summary: "Disk is full" });
const decisionFor = (input: object, alert = disk) => route(alert, [target(input)])[0];

describe("the severity", () => {
  const map = { severity_map: { Average: "warning", critical: "info", hot: "critical" } };
  test.each<[says: string, labels: Record<string, string>, severity: string, input?: object]>([
    ["the label severity", { severity: "SEV-2", priority: "p1", urgency: "low" }, "error"],
    ["the label priority if severity is absent", { priority: "P1", urgency: "low" }, "critical"],
    ["the label priority if severity is unknown", { severity: "odd", priority: "p3" }, "warning"],
    ["the label urgency if both are unknown", { severity: "odd", priority: "7", urgency: "Low" }, "info"],
    ["the default if all are unknown", { severity: "odd", priority: "", urgency: "x" }, "error"],
    ["the target's words", { severity: " AVERAGE" }, "warning", map],
    ["the target's words before the common ones", { severity: "Critical", priority: "p1" }, "info", map],
    ["the target's words in the other labels too", { severity: "odd", urgency: "Hot" }, "critical", map],
    ["the common words, in addition to the target's", { severity: "disaster" }, "critical", map],
    [
      "a template's word, mapped by the target",
      { x: "hot" },
      "critical",
      { ...map, template: { severity: "{{ labels.x }}" } },
    ],
  ])("comes from %s", (_says, labels, severity, input = {}) => {
    expect(decisionFor(input, alertOf(labels))).toMatchObject({ send: true, severity });
  });

  test("from the target's own words is the one that filters and conditions use", () => {
    const hot = alertOf({ severity: "hot" });
    expect(
      decisionFor({ ...map, filters: { min_severity: "critical", when: "severity == 'critical'" } }, hot),
    ).toMatchObject({
      send: true,
    });
    expect(decisionFor({ filters: { min_severity: "critical" } }, hot)).toMatchObject({ send: false });
    expect(decisionFor({ ...map, filters: { severity: "critical" } }, alertOf({ severity: "critical" }))).toMatchObject(
      {
        send: false,
      },
    );
  });

  test("from one target's words does not affect another target", () => {
    const decisions = route(alertOf({ severity: "hot" }), [target({ name: "a", ...map }), target({ name: "b" })]);
    expect(decisions).toMatchObject([{ severity: "critical" }, { severity: "error" }]);
  });
});

/** Targets with a summary that takes about this many steps. */
const looping = (count: number, steps: number): Target[] =>
  Array<Target>(count).fill(target({ template: { summary: `{% for i in (1..${steps}) %}{% endfor %}rendered` } }));

const rendered = (decisions: ReturnType<typeof route>): boolean[] =>
  decisions.map((decision) => decision.send && decision.summary === "rendered");

describe("templates that take many steps", () => {
  test("share the remaining steps of an alert, after which fields keep their defaults", () => {
    const costly = rendered(route(disk, looping(100, 9_000)));
    expect(costly.indexOf(false)).toBe(6);
    expect(costly.slice(6)).not.toContain(true);
  });

  test("do not use up the steps of another target", () => {
    expect(rendered(route(disk, [...looping(100, 9_000), ...looping(100, 1_500)])).slice(100)).not.toContain(false);
  });
});

describe("routing", () => {
  test("decides for each target independently", () => {
    const targets = [
      target({ name: "all" }),
      target({ name: "infos", filters: { severity: "info" } }),
      target({ name: "off", enabled: false, filters: { severity: "info" } }),
      target({ name: "shadow", mode: "shadow" }),
    ];
    const words = { dedupKey: disk.fingerprint, severity: "critical", summary: "Disk is full" };
    expect(route(disk, targets)).toEqual([
      { target: "all", send: true, ...words },
      {
        target: "infos",
        send: false,
        reason: "filtered",
        rule: "filters.severity",
        detail: "severity is none of info",
      },
      { target: "off", send: false, reason: "target_disabled", rule: "enabled", detail: "enabled: false" },
      { target: "shadow", send: true, ...words },
    ]);
  });

  test("gives a change event its own key for each start, and skips targets that take none", () => {
    const deploy: Alert = { ...alertOf({ alertname: "Deploy", change_event: "true" }), startsAtMs: 7 };
    const taking = { ...target({ name: "taking" }), takesChanges: true };
    const decisions = route(deploy, [taking, { ...taking, name: "sparing", takesChanges: false }]);
    expect(decisions).toMatchObject([
      { target: "taking", send: true, kind: "change", dedupKey: `${deploy.fingerprint}@7` },
      {
        target: "sparing",
        send: false,
        reason: "no_changes",
        detail: expect.stringContaining("takes no changes") as string,
      },
    ]);
  });

  test.each<[string, object, Alert, string]>([
    ["the label", {}, disk, "critical"],
    ["the default", {}, alertOf({ severity: "loud" }), "error"],
    ["the target's default", { default_severity: "p3" }, alertOf({}), "warning"],
    ["the template", { template: { severity: "warn" } }, disk, "warning"],
    [
      "the label when the template's word is unknown",
      { template: { severity: "{{ labels.alertname }}" } },
      disk,
      "critical",
    ],
  ])("takes the severity from %s", (_, input, alert, severity) => {
    expect(decisionFor(input, alert)).toMatchObject({ severity });
  });

  test("filters by the label's severity, not by the template's", () => {
    expect(decisionFor({ template: { severity: "info" }, filters: { severity: "critical" } })).toMatchObject({
      send: true,
    });
  });

  test.each<[string, object, string]>([
    ["its fingerprint", {}, disk.fingerprint],
    ["a template", { template: { dedup_key: "disk/{{ labels.instance }}" } }, "disk/db-1"],
    ["its fingerprint when the template fails", { template: { dedup_key: "{{ labels.x }}" } }, disk.fingerprint],
    ["the group's labels", { group_by: ["instance"] }, `group-${alertFingerprint({ instance: "db-1" })}`],
    [
      "the group's labels, also missing ones",
      { group_by: ["x", "instance"] },
      `group-${alertFingerprint({ x: "", instance: "db-1" })}`,
    ],
    ["all labels", { group_by: ["..."] }, disk.fingerprint],
  ])("takes the dedup key from %s", (_, input, dedupKey) => {
    expect(decisionFor(input)).toMatchObject({ dedupKey });
  });

  test("groups by the same key in any order of the labels", () => {
    expect(decisionFor({ group_by: ["severity", "instance"] })).toEqual(
      decisionFor({ group_by: ["instance", "severity"] }),
    );
  });

  test("hashes a dedup key over 255 characters, counted in code points", () => {
    expect(fitDedupKey("😀".repeat(255))).toBe("😀".repeat(255));
    expect(fitDedupKey("x".repeat(256))).toMatch(/^[\da-f]{64}$/);
    expect(decisionFor({}, { ...disk, fingerprint: "x".repeat(300) })).toMatchObject({
      dedupKey: fitDedupKey("x".repeat(300)),
    });
  });

  test("never throws and always fits, whatever the alert contains", () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom("\ud800", "x".repeat(5_000), "__proto__", ""),
    );
    const labels = fc.array(fc.tuple(text, text), { maxLength: 10 }).map((entries) => Object.fromEntries(entries));
    const alerts = fc.record({ fingerprint: text, labels, annotations: labels, startsAtMs: fc.double() });
    const targets = [
      target({}),
      target({
        template: { summary: "{{ labels.a }} {{ annotations.b }}", dedup_key: "{{ labels.a }}", severity: "x" },
      }),
      target({ group_by: ["__proto__", "a"], filters: { when: "labels.a != 'b' && !re(alert_name, 'z')" } }),
    ];
    fc.assert(
      fc.property(alerts, (alert) => {
        for (const decision of route(alert, targets)) {
          if (!decision.send) continue;
          expect(Array.from(decision.summary).length).toBeLessThanOrEqual(1_024);
          expect(Array.from(decision.dedupKey).length).toBeLessThanOrEqual(255);
          expect(isBlank(decision.summary) || isBlank(decision.dedupKey)).toBe(false);
          expect(decision.summary.isWellFormed() && decision.dedupKey.isWellFormed()).toBe(true);
        }
      }),
    );
  });
});

describe("a summary", () => {
  test.each<[string, Alert, string]>([
    ["the annotation", disk, "Disk is full"],
    ["the description", alertOf({}, { summary: " \n", description: "Long story" }), "Long story"],
    ["name and instance", alertOf({ alertname: "A", instance: "i", namespace: "n" }), "[A] on i"],
    ["name and namespace", alertOf({ alertname: "A", instance: "", namespace: "n" }), "[A] on n"],
    ["only the name", alertOf({ alertname: "A" }), "[A]"],
    ["no label or annotation", alertOf({}), "[alert]"],
  ])("is %s", (_, alert, summary) => {
    expect(summaryOf(alert)).toBe(summary);
  });

  test.each([
    ["x".repeat(1_024), "x".repeat(1_024)],
    ["x".repeat(1_025), `${"x".repeat(1_023)}…`],
    ["😀".repeat(1_024), "😀".repeat(1_024)],
    ["😀".repeat(1_025), `${"😀".repeat(1_023)}…`],
    ["a\ud800b", "a\ufffdb"],
  ])("%# has at most 1,024 code points", (summary, cut) => {
    expect(summaryOf(alertOf({}, { summary }))).toBe(cut);
    expect(decisionFor({ template: { summary: "{{ annotations.summary }}" } }, alertOf({}, { summary }))).toMatchObject(
      {
        summary: cut,
      },
    );
  });
});

describe("with a classification", () => {
  const verdict: EpisodeVerdict = {
    severity: "noise",
    confidence: 0.9,
    reasoning: "",
    recommendations: [],
    category: "",
    model: "m",
    provider: "openai",
  };
  const terms: ClassificationTerms = { apply: "fill", floor: "critical", threshold: 0.8, verdict };
  const warning = alertOf({ severity: "warning" });
  const unlabelled = alertOf({});

  test("suppresses noise where the target excludes it", () => {
    const excluding = target({ filters: { exclude_noise: true } });
    expect(route(warning, [excluding, target({})], terms)).toMatchObject([
      { send: false, reason: "suppressed_noise", rule: "filters.exclude_noise", weighed: { effect: "suppressed" } },
      { send: true, severity: "warning", weighed: { limitedBy: "apply_fill" } },
    ]);
    expect(route(disk, [excluding], terms)).toMatchObject([{ send: true, severity: "critical" }]);
  });

  test("judges filters by the severity that the verdict gives", () => {
    const urgent = target({ filters: { min_severity: "critical" } });
    const raised: ClassificationTerms = { ...terms, verdict: { ...verdict, severity: "critical", confidence: 0.1 } };
    expect(route(unlabelled, [urgent], raised)).toMatchObject([
      { send: true, severity: "critical", byVerdict: "filled" },
    ]);
    expect(route(warning, [urgent], raised)).toMatchObject([{ send: false, rule: "filters.min_severity" }]);
    expect(route(warning, [urgent], { ...raised, apply: "override" })).toMatchObject([
      { send: true, byVerdict: "raised" },
    ]);
  });

  test("changes nothing where a template of the target decides the severity", () => {
    const [own, usual] = route(unlabelled, [target({ template: { severity: "critical" } }), target({})], terms);
    expect(own).toMatchObject({ send: true, severity: "critical" });
    expect(own).not.toHaveProperty("byVerdict");
    expect(usual).toMatchObject({ send: true, byVerdict: "filled" });
  });

  test("leaves a change as it is", () => {
    const deploy = alertOf({ change_event: "true" });
    const taking = { ...target({}), takesChanges: true };
    expect(route(deploy, [taking], terms)).toEqual(route(deploy, [taking]));
  });

  const awaited: ClassificationTerms = { ...terms, verdict: undefined, wait: { criticalMs: 500, otherMs: 2_000 } };

  test.each<[string, object, Alert, Partial<ClassificationTerms>, object]>([
    ["no label states a severity", {}, unlabelled, {}, { send: true, waitMs: 2_000 }],
    [
      "it is not sent, but could be",
      { filters: { severity: "critical" } },
      unlabelled,
      {},
      { send: false, awaitsVerdict: true },
    ],
    ["noise could be suppressed", { filters: { exclude_noise: true } }, warning, {}, { send: true, waitMs: 2_000 }],
    ["verdicts override labels", {}, warning, { apply: "override" }, { send: true, waitMs: 2_000 }],
    ["a critical may be lowered", {}, disk, { apply: "override", floor: "error" }, { send: true, waitMs: 500 }],
    ["the target says so", { wait_for_classification: true }, warning, {}, { send: true, waitMs: 2_000 }],
    ["the target says so for a critical", { wait_for_classification: true }, disk, {}, { send: true, waitMs: 500 }],
  ])("waits if %s", (_, input, alert, more, decision) => {
    expect(route(alert, [target(input)], { ...awaited, ...more })).toMatchObject([decision]);
  });

  test.each<[string, object, Alert, Partial<ClassificationTerms>]>([
    ["the label states the severity", {}, warning, {}],
    ["the label says critical", { filters: { exclude_noise: true } }, disk, {}],
    ["nothing may override a critical", {}, disk, { apply: "override" }],
    ["verdicts change nothing", {}, unlabelled, { apply: "shadow" }],
    ["the verdict is known", {}, unlabelled, { verdict }],
    ["none is awaited", {}, unlabelled, { wait: undefined as never }],
    ["the target is disabled", { enabled: false }, unlabelled, {}],
    ["a template states the severity", { template: { severity: "warn" } }, unlabelled, {}],
    ["a filter drops it anyway", { filters: { namespace: "other" } }, unlabelled, {}],
    ["it is a change", {}, alertOf({ change_event: "true" }), {}],
  ])("does not wait if %s", (_, input, alert, more) => {
    const [decision] = route(alert, [target(input)], { ...awaited, ...more });
    expect(decision).not.toHaveProperty("awaitsVerdict");
    expect(decision).not.toHaveProperty("waitMs");
  });
});
