import { ConfigError, describeIssue, type PlacedIssue } from "../config/config-error.ts";
import type { Config } from "../config/config.ts";
import { configJsonSchema } from "../config/json-schema.ts";
import { loadConfig } from "../config/load.ts";
import { readTargets } from "../read-targets.ts";
import { configTargets } from "../written-target.ts";
import { configFile, withKeyFromEnvironment } from "./defaults.ts";
import { exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** `tocsin config check`: what a start would say, and more strictly, for a target that is invalid is an error here. */
export function check(terminal: Terminal, options: { readonly config?: string; readonly json?: boolean }): number {
  const { cwd, env } = terminal;
  const file = configFile(options.config, cwd);
  const { issues, warnings, targets } = judge(() => withKeyFromEnvironment(loadConfig(file, { cwd, env }), env));
  const name = file ?? "defaults";
  if (options.json) terminal.out(`${JSON.stringify({ file: file ?? null, issues, warnings }, null, 2)}\n`);
  else {
    for (const issue of issues) terminal.err(`${describeIssue(issue, name)}\n`);
    for (const warning of warnings) terminal.err(`${describeIssue(warning, name)} (warning)\n`);
    if (issues.length === 0) terminal.out(`${name}: ok, ${targets} ${targets === 1 ? "target" : "targets"}\n`);
  }
  return issues.length === 0 ? exitCode.ok : exitCode.configuration;
}

interface Judged {
  readonly issues: readonly PlacedIssue[];
  readonly warnings: readonly PlacedIssue[];
  readonly targets: number;
}

function judge(load: () => Config): Judged {
  try {
    const { targets = [], readSecret, placeOf } = load();
    const entries = readTargets([configTargets(targets, readSecret)]);
    const placed = (issue: PlacedIssue): PlacedIssue => {
      const place = placeOf(issue.path);
      return place === undefined ? issue : { ...issue, place };
    };
    return {
      issues: entries.flatMap(({ errors }) => errors.map(placed)),
      warnings: entries.flatMap(({ warnings }) => warnings.map(placed)),
      targets: entries.length,
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { issues: error.issues, warnings: [], targets: 0 };
  }
}

export function schema(terminal: Terminal): number {
  terminal.out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  return exitCode.ok;
}
