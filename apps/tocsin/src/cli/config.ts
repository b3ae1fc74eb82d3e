import { type Issue, systemClock } from "@tocsin/core";
import { ConfigError, describeIssue, type PlacedIssue } from "../config/config-error.ts";
import type { Config } from "../config/config.ts";
import { configJsonSchema } from "../config/json-schema.ts";
import { loadConfig } from "../config/load.ts";
import { fileDiscoveries } from "../targets/discovery/create-discoveries.ts";
import { TargetGuard } from "../targets/discovery/target-guard.ts";
import { proxiesIn } from "../config/proxies.ts";
import { resolveTargets } from "../targets/resolve-targets.ts";
import type { ResolvedTarget } from "../targets/resolved-target.ts";
import { noTargetCanReceive } from "../targets/target-warnings.ts";
import { credentialIdentity } from "@tocsin/publishers";
import { watchdogWarnings } from "../heartbeats/watchdog.ts";
import { coveredBy } from "../callbacks/covered-by.ts";
import { canaryWarnings } from "../canary/canary-warnings.ts";
import { expectationWarnings, type RecipientTerms, selfAlertWarnings } from "../own-alerts/recipients.ts";
import { nameIn } from "../targets/fallbacks.ts";
import { configTargets, type TargetSet } from "../targets/target-definition.ts";
import { defaultConfigFile, withKeyFromEnvironment } from "./defaults.ts";
import { exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/**
 * `tocsin config check`: reports what a start would report. An invalid target is an error here. `strict`: warnings fail too.
 */
export async function checkConfig(
  terminal: Terminal,
  options: { readonly config?: string; readonly json?: boolean; readonly strict?: boolean },
): Promise<number> {
  const { cwd, env } = terminal;
  const file = defaultConfigFile(options.config, cwd);
  const { issues, warnings, targets } = await judge(
    env,
    () => withKeyFromEnvironment(loadConfig(file, { cwd, env }), env),
    file !== undefined,
  );
  const ok = issues.length === 0 && !(options.strict && warnings.length > 0);
  const name = file ?? "defaults";
  if (options.json) terminal.out(`${JSON.stringify({ file: file ?? null, issues, warnings }, null, 2)}\n`);
  else {
    for (const issue of issues) terminal.err(`${describeIssue(issue, name)}\n`);
    for (const warning of warnings) terminal.err(`${describeIssue(warning, name)} (warning)\n`);
    if (ok) terminal.out(`${name}: ok, ${targets} ${targets === 1 ? "target" : "targets"}\n`);
  }
  return ok ? exitCode.ok : exitCode.configuration;
}

interface Judged {
  readonly issues: readonly PlacedIssue[];
  readonly warnings: readonly PlacedIssue[];
  readonly targets: number;
}

/** `written`: there is a file. Without a file and without a key, the service sends to its own simulator. */
async function judge(env: Terminal["env"], load: () => Config, written: boolean): Promise<Judged> {
  try {
    const config = load();
    const { targets = [], readSecret } = config;
    const { sets, issues } = await inFiles(config, env);
    const guard = new TargetGuard(config);
    const entries = resolveTargets([configTargets(targets, readSecret), ...sets], {
      refusalsOf: (target) => guard.refusalsOf(target),
      confirmed: coveredBy(config.callbacks),
      classification: config.classification ?? "none",
    });
    const placed = placedIn(config);
    const errors = errorsOf(entries, placed);
    // Invalid targets are already errors, and targets in Secrets are unknown here.
    const expectsTargets = (written || config.targets !== undefined) && config.discovery.kubernetes === undefined;
    // A place that cannot be read is an error already, and a running service keeps the targets that it found there last.
    const isComplete = errors.length === 0 && issues.length === 0;
    const terms = termsOf(entries);
    const seesAll = config.discovery.kubernetes === undefined;
    const noTarget = expectsTargets && isComplete && noTargetCanReceive(entries);
    return {
      issues: [...proxyIssues(env), ...issues, ...errors],
      warnings: [
        ...entries.flatMap((entry) => entry.warnings.map((issue) => placed(issue, entry))),
        ...selfAlertWarnings(config.selfAlerts?.targets, terms, seesAll),
        ...(seesAll ? expectationWarnings(config.expectations, terms) : []),
        ...canaryWarnings(config, terms, seesAll),
        ...watchdogWarnings(config.expectations),
        ...(noTarget ? [{ path: "targets", message: `${noTarget}: alerts will be recorded but not sent` }] : []),
      ],
      targets: entries.length,
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { issues, targets } = error;
    if (targets === undefined) return { issues, warnings: [], targets: 0 };
    const entries = resolveTargets([configTargets(targets.targets, targets.readSecret)]);
    return { issues: [...issues, ...errorsOf(entries, placedIn(targets))], warnings: [], targets: entries.length };
  }
}

const errorsOf = (entries: readonly ResolvedTarget[], placed: ReturnType<typeof placedIn>): PlacedIssue[] =>
  entries.flatMap((entry) => entry.errors.map((issue) => placed(issue, entry)));

/** The entries as the registry of a running service knows them. */
function termsOf(entries: readonly ResolvedTarget[]): RecipientTerms {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    find: (name) => byName.get(nameIn(byName, name) ?? name),
    credentialOf(name) {
      const entry = byName.get(name);
      return entry?.target && credentialIdentity(entry.target, entry);
    },
  };
}

/** Problems for which a start is refused. */
function proxyIssues(env: Terminal["env"]): Issue[] {
  try {
    proxiesIn(env);
    return [];
  } catch (error) {
    return [{ path: "environment", message: (error as Error).message }];
  }
}

/** Targets in directories. This command cannot see targets in Secrets. */
async function inFiles({ discovery }: Config, env: Terminal["env"]): Promise<{ sets: TargetSet[]; issues: Issue[] }> {
  const all = fileDiscoveries(discovery, { clock: systemClock, env });
  for (const one of all) {
    await one.refresh();
    await one.stop();
  }
  return {
    sets: all.map(({ source, readSecret, targets = [] }) => ({ source, readSecret, targets })),
    issues: all.flatMap(({ where, syncState: { error } }, index) => {
      if (error === null) return [];
      const kept = "A running service keeps the targets that it found there last, also after a restart";
      return [{ path: `discovery.files[${index}]`, message: `cannot read the directory ${where}: ${error}. ${kept}` }];
    }),
  };
}

const placedIn =
  ({ placeOf }: Pick<Config, "placeOf">) =>
  (issue: Issue, { source, place: file }: ResolvedTarget): PlacedIssue => {
    if (source !== "config") return { ...issue, file };
    const place = placeOf(issue.path);
    return place === undefined ? issue : { ...issue, place };
  };

export function printConfigSchema(terminal: Terminal): number {
  terminal.out(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  return exitCode.ok;
}
