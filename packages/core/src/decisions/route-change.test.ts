import { describe, expect, test } from "vitest";
import { alertOfChange } from "../changes/change-alert.ts";
import type { Change } from "../changes/change.ts";
import { parseTarget } from "../targets/parse-target.ts";
import type { TargetType } from "../targets/target-type.ts";
import type { Target } from "../targets/target.ts";
import { changeFingerprint } from "./dedup-key.ts";
import { routeChange } from "./route-change.ts";

const board: TargetType = {
  type: "board",
  description: "A board.",
  notes: "",
  fields: {},
  rateLimit: { limit: 60, perMs: 1_000 },
  adoptsUnknownResolves: false,
  changes: true,
  locate: () => ({ url: "https://board", credential: null, degraded: false, headers: {}, issues: [], warnings: [] }),
};

function target(input: object): Target {
  const parsed = parseTarget({ type: "board", ...input }, { types: [board], readSecret: String, name: "t" });
  if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.target;
}

const deploy: Change = {
  id: "build-7",
  origin: "ci",
  summary: "Deployed shop 7",
  source: "ci.example.com",
  timestampMs: 7,
  environment: "prod",
  labels: { service: "shop" },
  links: [],
};

const decide = (input: object, change: Partial<Change> = {}, only?: readonly string[]) =>
  routeChange({ ...deploy, ...change }, [target(input)], only)[0];

describe("a change", () => {
  test("is sent once for its origin and id, with its own summary, whatever the templates say", () => {
    expect(decide({ template: { summary: "{{ labels.alertname }}" }, group_by: ["service"] })).toEqual({
      target: "t",
      send: true,
      kind: "change",
      dedupKey: changeFingerprint(deploy),
      severity: "info",
      summary: "Deployed shop 7",
    });
    expect(changeFingerprint({ origin: "c", id: "ib" })).not.toBe(changeFingerprint({ origin: "ci", id: "b" }));
  });

  test.each<[string, object, Partial<Change>, boolean]>([
    ["its labels", { labels: { service: "shop" } }, {}, true],
    ["other labels", { labels: { service: "cart" } }, {}, false],
    ["its environment", { matchers: 'environment="prod"' }, {}, true],
    ["another environment", { matchers: 'environment!="prod"' }, {}, false],
    ["a severity that it does not have", { severity: "critical" }, {}, true],
    ["a lowest severity, without one", { min_severity: "error" }, {}, true],
    ["a lowest severity above its own", { min_severity: "error" }, { labels: { severity: "warning" } }, false],
    ["a severity of its own", { severity: "critical" }, { labels: { severity: "p1" } }, true],
    ["a condition about a severity that it does not have", { when: "severity == 'critical'" }, {}, true],
    ["a condition about its severity", { when: "severity == 'critical'" }, { labels: { severity: "warning" } }, false],
    ["a condition about its labels", { when: "labels.severity == 'critical'" }, {}, false],
    ["a condition in which severity is a text", { when: "labels.service == 'severity'" }, {}, false],
  ])("is judged by %s", (_, filters, change, send) => {
    expect(decide({ filters }, change)).toMatchObject({ send });
  });

  test("passes the threshold in the metadata without a severity", () => {
    expect(decide({ metadata: { severity_threshold: "critical" } })).toMatchObject({ send: true });
  });

  test("is an alert with the label change_event to versions that know no changes", () => {
    expect(alertOfChange({ ...deploy, labels: { change_event: "false" } })).toEqual({
      fingerprint: changeFingerprint(deploy),
      labels: { environment: "prod", change_event: "true" },
      annotations: { summary: "Deployed shop 7" },
      startsAtMs: 7,
      change: { ...deploy, labels: { change_event: "false" } },
    });
  });

  test("goes to the targets that it names whatever their filters say, if they are on and take changes", () => {
    const filters = { labels: { service: "cart" } };
    expect(decide({ filters }, {}, ["t"])).toMatchObject({ send: true });
    expect(decide({ filters: {} }, {}, ["other"])).toMatchObject({ send: false, reason: "filtered" });
    expect(decide({ enabled: false }, {}, ["t"])).toMatchObject({ send: false, reason: "target_disabled" });
    expect(decide({ changes: false }, {}, ["t"])).toMatchObject({ send: false, reason: "no_changes" });
    expect(decide({ mode: "shadow" }, {}, ["t"])).toMatchObject({ send: true });
  });
});
