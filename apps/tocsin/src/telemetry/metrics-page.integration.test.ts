import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Scratch } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { hasTool } from "../debian-tool.fixture.ts";
import { startService } from "../service.fixture.ts";
import { metricTexts } from "./metric-texts.ts";
import { registeredMetrics } from "./metrics-page.ts";

const page = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");
const registered = registeredMetrics();
const queries = Array.from(page.matchAll(/^```promql\n([\s\S]*?)\n```$/gm), ([, query = ""]) => query);

/** The labels of each series that the metrics have. `instance` and `job` come from the scrape. */
const labelsBySeries = new Map<string, readonly string[]>(
  registered.flatMap(({ name, kind, labelNames }) => {
    const suffixes = kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    return suffixes.map((suffix): [string, string[]] => [
      name + suffix,
      [...labelNames, "instance", "job", ...(suffix === "_bucket" ? ["le"] : [])],
    ]);
  }),
);

/** Words of PromQL that are neither series nor functions. */
const keywords = ["by", "without", "on", "ignoring", "and", "or", "unless", "bool", "offset"];

/** Returns the series that a query names: every word that is no function, keyword, label, text or duration. */
function seriesIn(query: string): string[] {
  const bare = query
    .replace(/"[^"]*"/g, '""')
    .replace(/\b(?:by|without|on|ignoring) \([^)]*\)/g, "")
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, "");
  return Array.from(bare.matchAll(/\b[a-z_]\w*\b(?! *\()/g), ([word]) => word).filter(
    (word) => !keywords.includes(word),
  );
}

/** Returns the labels that a query selects or groups by. */
const labelsIn = (query: string): string[] => [
  ...Array.from(query.matchAll(/\b(?:by|without|on|ignoring) \(([^)]*)\)/g), ([, list = ""]) =>
    list.split(", "),
  ).flat(),
  ...Array.from(query.matchAll(/\{([^}]*)\}/g), ([, list = ""]) =>
    Array.from(list.matchAll(/(\w+)(?:=~|!~|!=|=)"/g), ([, label = ""]) => label),
  ).flat(),
];

const promtool = "/usr/bin/promtool";

describe("docs/metrics.md", () => {
  test("describes every registered metric with its type, help and labels", () => {
    expect(registered.length).toBeGreaterThan(30);
    for (const { name, kind, help, labelNames } of registered) {
      const [, section = ""] = page.split(`\n### ${name}\n`);
      const [text = ""] = section.split("\n### ");
      expect(text.trim().split("\n")[0]).toBe(`Type: ${kind}. ${help}`);
      expect(Array.from(text.matchAll(/^- `(\w+)`: ./gm), ([, label]) => label)).toEqual(labelNames);
      expect(text).toContain("**Action:** ");
    }
  });

  test("describes no metric and no label that is not registered", () => {
    expect(Object.keys(metricTexts).toSorted()).toEqual(registered.map(({ name }) => name).toSorted());
    for (const { name, labelNames } of registered)
      expect([name, Object.keys(metricTexts[name]?.labels ?? {})]).toEqual([name, labelNames]);
  });

  test("names the unit in the help of every metric of seconds and bytes", () => {
    for (const unit of ["seconds", "bytes"])
      expect(registered.filter(({ name, help }) => name.includes(`_${unit}`) && !help.includes(unit))).toEqual([]);
  });

  test("has queries that name only registered metrics and labels of these", () => {
    expect(queries.length).toBeGreaterThan(20);
    for (const query of queries) {
      const series = seriesIn(query);
      expect([query, series.length > 0]).toEqual([query, true]);
      expect([query, series.filter((name) => !labelsBySeries.has(name))]).toEqual([query, []]);
      const labels = new Set(series.flatMap((name) => labelsBySeries.get(name) ?? []));
      expect([query, labelsIn(query).filter((label) => !labels.has(label))]).toEqual([query, []]);
    }
  });

  test.runIf(hasTool(promtool, "prometheus"))("has queries that promtool of Prometheus can parse", () => {
    using scratch = new Scratch();
    const check = (among: readonly string[]) => {
      const rules = among.map((expr, n) => ({ record: `question:${n}`, expr }));
      writeFileSync(scratch.file("rules.yml"), JSON.stringify({ groups: [{ name: "questions", rules }] }));
      const { status, stderr } = spawnSync(promtool, ["check", "rules", scratch.file("rules.yml")], {
        encoding: "utf8",
      });
      return [stderr, status];
    };
    expect(check(queries)).toEqual(["", 0]);
    expect(check(["sum by (target (up)"])).toEqual([expect.stringContaining("could not parse expression"), 1]);
  });

  test("lists every value that a closed label has in a running service", async () => {
    await using service = await startService();
    const alerts = [{ status: "firing", labels: { alertname: "A", severity: "critical" } }, 5];
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
    const text = await service.until("the alert is delivered and counted", async () => {
      const scrape = await service.ask("GET", "/metrics");
      return scrape.text.includes("tocsin_time_to_told_seconds_count{") ? scrape.text : undefined;
    });
    let closed = 0;
    for (const { name } of registered) {
      const samples = Array.from(text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, "gm")));
      for (const [sample, shown = ""] of samples)
        for (const [, label = "", value] of shown.matchAll(/(\w+)="([^"]*)"/g)) {
          const values = metricTexts[name]?.labels?.[label];
          if (values === undefined || typeof values === "string") continue;
          expect([sample, values]).toEqual([sample, expect.arrayContaining([value])]);
          closed++;
        }
    }
    expect(closed).toBeGreaterThan(50);
    for (const cache of ["endpoints", "told"])
      for (const counter of ["hits", "misses"])
        expect(text).toMatch(new RegExp(`^pagerduty_cache_${counter}_total\\{cache_name="${cache}"\\} \\d`, "m"));
  });
});
