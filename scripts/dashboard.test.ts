import { readFileSync } from "node:fs";
import type { Panel } from "@grafana/schema";
import { describe, expect, test } from "vitest";
import { registeredMetrics } from "../apps/tocsin/src/telemetry/metrics-page.ts";
import { dashboard } from "./dashboard.ts";

const text = readFileSync(new URL("../deploy/grafana/tocsin.json", import.meta.url), "utf8");
const panels = (dashboard.panels ?? []) as Panel[];

describe("the dashboard", () => {
  test("can be imported as it is into any Grafana", () => {
    const { uid, id, templating } = JSON.parse(text) as typeof dashboard;
    expect([uid, id, text.includes("__inputs"), text.includes("${DS_")]).toEqual(["tocsin", undefined, false, false]);
    expect(templating?.list?.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      "datasource: datasource",
      "job: query",
      "target: query",
    ]);
    const sources = Array.from(text.matchAll(/"uid": "([^"]*)"/g), ([, one]) => one).filter((one) => one !== "tocsin");
    expect(new Set(sources)).toEqual(new Set(["${datasource}"]));
  });

  test("has panels that say what to do, with a unit and queries, and that do not overlap", () => {
    expect(panels.length).toBeGreaterThanOrEqual(8);
    for (const { title, description, fieldConfig, targets } of panels) {
      expect([title, description]).toEqual([title, expect.stringMatching(/\*\*Action:\*\* \S/)]);
      expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.stringMatching(/\w/)]);
      expect([title, targets?.length]).not.toEqual([title, 0]);
    }
    expect(new Set(panels.map(({ gridPos }) => `${gridPos?.x},${gridPos?.y}`)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  test("selects the chosen jobs in every series, and the chosen targets in every series of a target", () => {
    const labelNames = new Map(registeredMetrics().map((metric) => [metric.name, metric.labelNames]));
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => String(expr)));
    const named = /\b((?:tocsin|pagerduty|process)_\w+?)(?:_bucket|_sum|_count)?\b(?:\{([^}]*)\})?/g;
    const series = queries.flatMap((query) =>
      Array.from(query.matchAll(named), ([, name = "", selectors = ""]) => [name, selectors] as const),
    );
    expect(series.length).toBeGreaterThan(20);
    for (const [name, selectors] of series) {
      const label = labelNames.get(name)?.find((one) => one === "target" || one === "publisher");
      const chosen = ['job=~"$job"', ...(label === undefined ? [] : [`${label}=~"$target"`])].join(",");
      expect([name, selectors]).toEqual([name, expect.stringContaining(chosen)]);
    }
  });
});

test("a panel that Grafana's schema does not know fails to compile", () => {
  // @ts-expect-error a panel needs a type
  const panel: Panel = { title: "A", fieldConfig: { defaults: { unit: "s" }, overrides: [] } };
  // @ts-expect-error a unit is a text
  const defaults: NonNullable<Panel["fieldConfig"]>["defaults"] = { unit: 5 };
  expect([panel.title, defaults.unit]).toEqual(["A", 5]);
});
