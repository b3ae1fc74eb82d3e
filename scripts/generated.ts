import { readFileSync } from "node:fs";
import { targetTypes } from "@tocsin/publishers";
import { format, type FormatOptions } from "oxfmt";
import { commandLinePage } from "../apps/tocsin/src/cli/command-line-page.ts";
import { commandLine } from "../apps/tocsin/src/cli/program.ts";
import { configurationPage } from "../apps/tocsin/src/config/configuration-page.ts";
import { configJsonSchema } from "../apps/tocsin/src/config/json-schema.ts";
import { logsPage } from "../apps/tocsin/src/telemetry/logs-page.ts";
import { metricsPage } from "../apps/tocsin/src/telemetry/metrics-page.ts";
import { dashboard } from "./dashboard.ts";
import { withEndpointsTable } from "./endpoints-table.ts";
import { reasonTexts, stateTexts } from "./state-texts.ts";
import { withRulesTable } from "./rules-table.ts";
import { statesPage } from "./states-page.ts";
import { targetsPage } from "./targets-page.ts";

/** Generated files by their path from the root, formatted as everything here is. */
export async function generated(): Promise<Record<string, string>> {
  const schema = configJsonSchema();
  const grafana = await formatted("tocsin.json", JSON.stringify(dashboard));
  const rules = readFileSync(new URL("../deploy/prometheus/tocsin.rules.yml", import.meta.url), "utf8");
  const api = readFileSync(new URL("../docs/api.md", import.meta.url), "utf8");
  const classification = readFileSync(new URL("../docs/classification.md", import.meta.url), "utf8");
  return {
    // Only the table of this page is generated.
    "docs/api.md": await formatted("api.md", withEndpointsTable(api)),
    // The same.
    "docs/classification.md": await formatted("classification.md", withRulesTable(classification)),
    "docs/cli.md": await formatted("cli.md", commandLinePage(commandLine())),
    "docs/config.schema.json": await formatted("config.schema.json", JSON.stringify(schema)),
    "docs/targets.md": await formatted("targets.md", targetsPage(targetTypes)),
    "docs/logs.md": await formatted("logs.md", logsPage()),
    "docs/metrics.md": await formatted("metrics.md", metricsPage()),
    "docs/states.md": await formatted("states.md", statesPage()),
    "apps/console/src/words/state-texts.json": await formatted(
      "state-texts.json",
      JSON.stringify({ states: stateTexts, reasons: reasonTexts }),
    ),
    "deploy/grafana/tocsin.json": grafana,
    // A chart can only read its own files.
    "deploy/helm/tocsin/files/tocsin.json": grafana,
    "deploy/helm/tocsin/files/tocsin.rules.yml": rules,
    "docs/configuration.md": await formatted("configuration.md", configurationPage(schema)),
  };
}

async function formatted(name: string, text: string): Promise<string> {
  const { ignorePatterns: _, ...settings } = JSON.parse(
    readFileSync(new URL("../.oxfmtrc.json", import.meta.url), "utf8"),
  ) as FormatOptions & { ignorePatterns?: unknown };
  const { code, errors } = await format(name, text, settings);
  if (errors.length > 0)
    throw new Error(`${name} cannot be formatted: ${errors.map(({ message }) => message).join(", ")}`);
  return code;
}
