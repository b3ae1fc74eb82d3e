import { readFileSync } from "node:fs";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const inDocs = (): string[] =>
  Array.from(read("docs/metrics.md").matchAll(/^```promql\n([\s\S]*?)\n```$/gm), ([, query = ""]) => query);

/** The dashboard's queries for all jobs and targets. */
function inDashboard(): string[] {
  const { panels } = JSON.parse(read("deploy/grafana/tocsin.json")) as { panels: { targets: { expr: string }[] }[] };
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replace(/\$(?:job|target)\b/g, ".*")));
}

/** Whether a query has a result only if something is wrong, such as `max(tocsin_breaker_state) > 0`. */
const findsTrouble = (query: string): boolean => / (?:==|<|>) [\d* ]+$/.test(query);

/** Whether a query has a result only if a receiver confirms incidents by a callback. */
const needsCallback = (query: string): boolean => query.includes("tocsin_time_to_confirmed_seconds");

/** All queries of docs/metrics.md and of the dashboard. */
export function metricQueries() {
  const queries = [...inDocs(), ...inDashboard()];
  return {
    always: queries.filter((query) => !findsTrouble(query) && !needsCallback(query)),
    inTrouble: queries.filter(findsTrouble),
    withCallback: queries.filter(needsCallback),
  };
}
