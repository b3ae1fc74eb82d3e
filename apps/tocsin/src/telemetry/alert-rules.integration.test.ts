import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { hasTool } from "../debian-tool.fixture.ts";
import { conditions } from "../health/conditions.ts";
import { registeredMetrics } from "./metrics-page.ts";

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const root = new URL("../../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const { groups } = parse(read("deploy/prometheus/tocsin.rules.yml")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const runbooks = read("docs/runbooks.md");
const headings = Array.from(runbooks.matchAll(/^## (\w+)$/gm), ([, heading = ""]) => heading);
const promtool = "/usr/bin/promtool";

describe("docs/runbooks.md", () => {
  test("shows the fixes of doctor as they are", () => {
    const shown = Array.from(runbooks.matchAll(/^ {2}fix: (.+)$/gm), ([, fix]) => fix);
    expect(shown.length).toBeGreaterThan(2);
    expect(Object.values(conditions).map(({ fix }) => fix)).toEqual(expect.arrayContaining(shown));
  });

  test("searches the log for names of events, which the lines below have", () => {
    const searches = Array.from(runbooks.matchAll(/^\$ grep (\S+) tocsin\.log\n(.+)$/gm));
    expect(searches.length).toBeGreaterThan(1);
    for (const [, event, line = ""] of searches) expect(JSON.parse(line)).toMatchObject({ event });
  });
});

describe("deploy/prometheus/tocsin.rules.yml", () => {
  test("has alerts with a summary, a description, a severity, a time, and a runbook", () => {
    expect(alerts.length).toBeGreaterThan(15);
    for (const { alert, annotations, labels, for: time } of alerts) {
      expect([alert, annotations]).toEqual([
        alert,
        {
          summary: expect.stringMatching(/[^.]$/),
          description: expect.stringMatching(/\S\.$/),
          runbook_url: `https://tocsin.example.com/docs/runbooks.md#${alert?.toLowerCase()}`,
        },
      ]);
      expect([alert, labels?.["severity"]]).toEqual([alert, expect.stringMatching(/^(?:critical|warning)$/)]);
      expect([alert, time]).toEqual([alert, expect.stringMatching(/^\d+[mh]$/)]);
    }
  });

  test("names only registered metrics, and never replaces a missing metric by 0", () => {
    const known = new Set(registeredMetrics().map(({ name }) => name));
    const recorded = new Set(rules.map(({ record }) => record));
    for (const { expr } of rules) {
      expect(expr).not.toMatch(/\bor\b|vector\(/);
      const names = Array.from(
        expr.matchAll(/(?:\w+:)?\b(?:tocsin|pagerduty|process)_\w+(?::\w+)?/g),
        ([name]) => name,
      );
      const unknown = names.filter(
        (name) => !recorded.has(name) && !known.has(name.replace(/_(bucket|count|sum)$/, "")),
      );
      expect([expr, unknown]).toEqual([expr, []]);
    }
  });

  test("has a runbook for each alert, with a symptom, a first command with output, and a next step", () => {
    expect(headings.filter((heading) => heading.startsWith("Tocsin")).toSorted()).toEqual(
      [...new Set(alerts.map(({ alert = "" }) => alert))].toSorted(),
    );
    for (const { alert } of alerts) {
      const [, text = ""] = runbooks.split(`\n## ${alert}\n`);
      const [section = ""] = text.split("\n## ");
      expect([alert, section]).toEqual([
        alert,
        expect.stringMatching(/^\n\*\*Symptom\.\*\* [\s\S]+\n```\n\$ .+\n[\s\S]+\n```\n[\s\S]*\n\*\*Next\.\*\* \S/),
      ]);
    }
  });

  test.runIf(hasTool(promtool, "prometheus"))("passes promtool's tests, in which each alert fires", () => {
    const directory = fileURLToPath(new URL("deploy/prometheus", root));
    const { status, stdout, stderr } = spawnSync(promtool, ["test", "rules", "tocsin.rules.test.yml"], {
      cwd: directory,
      encoding: "utf8",
    });
    expect([stdout + stderr, status]).toEqual([expect.stringContaining("SUCCESS"), 0]);
    const tests = read("deploy/prometheus/tocsin.rules.test.yml");
    for (const { alert } of alerts) expect(tests).toContain(`ALERTS{alertname="${alert}",alertstate="firing",`);
  });
});
