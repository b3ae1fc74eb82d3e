import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { compareRouting, type Comparison, type Difference } from "../init/compare-routing.ts";
import { type Conversion, convertAlertmanager } from "../init/convert-alertmanager.ts";
import { convertedConfiguration } from "../init/converted-configuration.ts";
import { matcherOf, matcherText } from "../init/matcher-of.ts";
import { type NewFile, writeNewFiles } from "../init/write-new-files.ts";
import { readAlertmanagerFile } from "../init/read-alertmanager-file.ts";
import type { Remark } from "../init/remark.ts";
import { starterConfiguration } from "../init/starter-configuration.ts";
import { OperatorError, systemReason } from "../config/operator-error.ts";
import { exitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

export interface InitOptions {
  readonly to: string;
  readonly fromAlertmanager?: string;
  readonly keepLiterals?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `tocsin init`: writes a first configuration, or one that is made from Alertmanager's. */
export function init(terminal: Terminal, options: InitOptions): number {
  const { fromAlertmanager: from, force = false } = options;
  if (from !== undefined) return initFromAlertmanager(terminal, { ...options, from });
  write([{ path: resolve(terminal.cwd, options.to), text: starterConfiguration, isPrivate: false }], force);
  if (options.json) terminal.out(`${JSON.stringify({ to: options.to })}\n`);
  else
    terminal.out(
      `Wrote ${options.to}. Set PAGERDUTY_ROUTING_KEY to your integration key, then run:\n${nextCommands(options.to)}`,
    );
  return exitCode.ok;
}

const nextCommands = (to: string): string => {
  const named = to === "tocsin.yaml" ? "" : ` --config ${to}`;
  return `  tocsin config check${named}\n  tocsin serve${named}\n`;
};

function write(files: readonly NewFile[], force: boolean): void {
  try {
    writeNewFiles(files, { force });
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`cannot write: ${systemReason(error)}`, { cause: error });
  }
}

/**
 * Exits with 1 if the written configuration would lose a critical, if it routes an alert in another way than Alertmanager, or if
 * a target is invalid. The files are written all the same: they are a start for further work.
 */
function initFromAlertmanager(terminal: Terminal, options: InitOptions & { readonly from: string }): number {
  const from = resolve(terminal.cwd, options.from);
  const to = resolve(terminal.cwd, options.to);
  const file = readAlertmanagerFile(readText(from, options.from), options.from);
  const secrets = new Map<string, string>();
  const conversion = convertAlertmanager(file, {
    secretFile: (name) => ({ file: isAbsolute(name) ? name : fromNewPlace(to, resolve(dirname(from), name)) }),
    contentOf: (name) => contentOf(resolve(dirname(from), name)),
    literal(target, key, value) {
      if (options.keepLiterals) return value;
      const name = secretName(`${target}.${key}`, value, secrets);
      secrets.set(name, value);
      return { file: `./secrets/${name}` };
    },
  });
  const configuration = convertedConfiguration(conversion);
  const comparison = compareRouting(file, { configuration, converted: conversion.targets });
  const paths = [...secrets.keys()].map((name) => join(dirname(to), "secrets", name));
  write(
    [
      // The URL of a webhook is in the configuration itself and may be a secret.
      { path: to, text: configuration, isPrivate: true },
      ...[...secrets.values()].map((text, index) => ({ path: paths[index]!, text: `${text}\n`, isPrivate: true })),
    ],
    options.force ?? false,
  );
  const { lostCriticals, differences, invalid } = comparison;
  const ok = lostCriticals.length + differences.length + invalid.length === 0;
  const shown = paths.map((path) => relative(terminal.cwd, path));
  if (options.json) terminal.out(`${JSON.stringify(asJson(options.to, shown, conversion, comparison), null, 2)}\n`);
  else terminal.out(asText(options.to, shown, conversion, comparison));
  return ok ? exitCode.ok : exitCode.failed;
}

function readText(path: string, named: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OperatorError(`${named}: ${systemReason(error)}`, { cause: error });
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Alertmanager's relative paths start at its own file, Tocsin's at the new one. */
function fromNewPlace(to: string, path: string): string {
  const found = relative(dirname(to), path);
  return found.startsWith("..") ? found : `./${found}`;
}

function secretName(wanted: string, value: string, secrets: ReadonlyMap<string, string>): string {
  const base = wanted.replace(/[^\w.-]/g, "_").replace(/^\.+/, "_");
  let name = base;
  for (let count = 2; secrets.has(name) && secrets.get(name) !== value; count += 1) name = `${base}-${count}`;
  return name;
}

const asJson = (to: string, secrets: readonly string[], { targets, remarks }: Conversion, comparison: Comparison) => ({
  to,
  secrets,
  targets: targets.map(({ name, receiver, integration, routes }) => ({ name, receiver, integration, routes })),
  remarks,
  ...comparison,
});

const headings: Readonly<Record<Remark["kind"], string>> = {
  left_out: "Left out",
  keep: "Keep in Alertmanager",
  changed: "Changed",
};

function asText(
  to: string,
  secrets: readonly string[],
  { targets, remarks }: Conversion,
  { tried, lostCriticals, differences, untried, invalid }: Comparison,
): string {
  const lines = [`Wrote ${to}: ${count(targets.length, "target")}.`];
  if (secrets.length > 0) lines.push(`Wrote secrets that only you can read: ${secrets.join(", ")}.`);
  for (const [kind, heading] of Object.entries(headings)) {
    const some = remarks.filter((remark) => remark.kind === kind);
    if (some.length > 0) lines.push("", `${heading}:`, ...some.map(remarkText));
  }
  if (invalid.length > 0) lines.push("", "Invalid targets:", ...invalid.map((text) => `  ${text}`));
  if (untried.length > 0)
    lines.push("", "Not tried, because no matching value was found:", ...untried.map((text) => `  ${text}`));
  lines.push(
    "",
    ...(lostCriticals.length > 0
      ? ["Criticals that Alertmanager sends and no target receives:", ...examples(lostCriticals)]
      : []),
    ...(differences.length > 0
      ? ["Alerts that do not reach exactly the targets of their receivers:", ...examples(differences)]
      : []),
    lostCriticals.length + differences.length + invalid.length > 0
      ? `Tried ${count(tried, "alert")} with both configurations. Correct ${to} before you use it.`
      : `Tried ${count(tried, "alert")} with both configurations: each reaches the targets of the same receivers, and no critical is lost.`,
    "",
    "Next:",
  );
  return `${lines.join("\n")}\n${nextCommands(to)}`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

const remarkText = ({ path, reason, advice }: Remark): string => `  ${path}: ${reason}. ${advice}.`;

/** Of each receiver, this many alerts are shown. `--json` lists all. */
const mostExamples = 5;

function examples(differences: readonly Difference[]): string[] {
  const groups = Map.groupBy(differences, ({ receivers }) => receivers.join(", "));
  return [...groups].flatMap(([receivers, some]) => {
    const shortest = some.toSorted((a, b) => Object.keys(a.labels).length - Object.keys(b.labels).length);
    const shown = shortest.slice(0, mostExamples).map(({ labels }) => `  ${labelsText(labels)}: receiver ${receivers}`);
    return some.length > mostExamples ? [...shown, `  and ${some.length - mostExamples} more of ${receivers}`] : shown;
  });
}

const labelsText = (labels: Difference["labels"]): string =>
  `{${Object.entries(labels)
    .map(([label, value]) => matcherText(matcherOf(label, "=", value)))
    .join(", ")}}`;
