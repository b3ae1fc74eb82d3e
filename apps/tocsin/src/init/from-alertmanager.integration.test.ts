import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { route } from "@tocsin/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { amtool, amtoolBinary } from "../amtool.fixture.ts";
import { runIn } from "../cli/terminal.fixture.ts";
import { loadConfig } from "../config/load.ts";
import { hasTool } from "../debian-tool.fixture.ts";
import { configTargets } from "../targets/target-definition.ts";
import { resolveTargets } from "../targets/resolve-targets.ts";

const files = join(import.meta.dirname, "alertmanager-files");
let dir: string;

const key = "0123456789abcdef0123456789abcdef";
const credentials: Readonly<Record<string, string>> = {
  slack: "https://hooks.slack.com/services/T0/B0/abcdefgh",
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "tocsin-init-"));
  cpSync(files, dir, { recursive: true });
  mkdirSync(join(dir, "keys"));
  const named = readdirSync(files).flatMap(
    (file) => readFileSync(join(files, file), "utf8").match(/keys\/[\w-]+/g) ?? [],
  );
  for (const path of named) writeFileSync(join(dir, path), `${credentials[path.slice(5)] ?? key}\n`);
});
afterAll(() => rmSync(dir, { recursive: true }));

const severity = ["critical", "page", "error", "major", "warning", "info", ""];
const env = ["prod", "dev", "test-1", "lab", "devel", ""];

/** Values of the alerts for each file, written independently of the samples that the program makes. */
const cases: readonly {
  file: string;
  labels: Readonly<Record<string, readonly string[]>>;
  leftOut?: string;
  code?: number;
}[] = [
  { file: "01-one-receiver.yml", labels: { severity, team: ["a", ""] } },
  {
    file: "02-teams.yml",
    labels: { severity, team: ["storage", "web", "api", "web2", "network", ""], site: ["fra1", "fra", "fra12", ""] },
  },
  { file: "03-continue.yml", labels: { severity, env } },
  {
    file: "04-three-levels.yml",
    labels: {
      severity,
      cluster: ["prod-1", "prod-", "staging", ""],
      team: ["payments", "search", "x", ""],
      service: ["ledger", "cards", ""],
    },
  },
  {
    file: "05-negative-matchers.yml",
    labels: { severity, team: ["platform", "x", ""], owner: ["me", ""], env, tier: ["1", "2", ""] },
  },
  { file: "06-inhibit-and-mute.yml", labels: { severity, team: ["shop", "x", ""] } },
  {
    file: "07-files-and-regions.yml",
    labels: {
      severity,
      region: ["us-east-1", "us-west-2", "us-east-11", "ap-south", "ap-", "eu-1", ""],
      kind: ["batch", ""],
    },
  },
  {
    file: "08-many-exceptions.yml",
    labels: { severity, team: ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", ""], env },
  },
  {
    file: "09-mail-for-warnings.yml",
    labels: { severity, team: ["data", "x", ""], job: ["etl-", "etl-1", "node", ""] },
    leftOut: "mail",
  },
  {
    file: "10-lost-criticals.yml",
    labels: { severity, team: ["legacy", "web", "shop", "x", ""], service: ["mainframe", "x", ""] },
    leftOut: "sms",
    code: 1,
  },
];

const alertsPerFile = 200;

/** The same alerts in each run. */
function alertsOf(labels: Readonly<Record<string, readonly string[]>>): Record<string, string>[] {
  let state = 42;
  const below = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
  return Array.from({ length: alertsPerFile }, () =>
    Object.fromEntries(
      Object.entries(labels)
        .map(([name, values]) => [name, values[below(values.length)]!] as const)
        .filter(([, value]) => value !== ""),
    ),
  );
}

interface Result {
  readonly targets: readonly { name: string; receiver: string }[];
  readonly lostCriticals: readonly { labels: Record<string, string>; receivers: readonly string[] }[];
  readonly differences: readonly unknown[];
  readonly remarks: readonly { path: string; kind: string }[];
}

async function convert(file: string): Promise<{ code: number; result: Result; to: string }> {
  const to = `${file}.tocsin.yaml`;
  const { code, stdout, stderr } = await runIn(dir, [
    "init",
    "--from-alertmanager",
    file,
    "--to",
    to,
    "--json",
    "--force",
  ]);
  expect(stderr).toBe("");
  return { code, result: JSON.parse(stdout) as Result, to: join(dir, to) };
}

/** Returns the receivers whose targets an alert reaches with the configuration as the service loads it. */
function reachedBy(to: string, result: Result): (labels: Record<string, string>) => string[] {
  const config = loadConfig(to, { cwd: dir, env: {} });
  const entries = resolveTargets([configTargets(config.targets!, config.readSecret)]);
  expect(entries.flatMap(({ errors }) => errors)).toEqual([]);
  const targets = entries.map(({ target }) => target!);
  const receivers = new Map(result.targets.map(({ name, receiver }) => [name, receiver]));
  return (labels) => {
    const alert = { fingerprint: "00000000000000ff", labels, annotations: {}, startsAtMs: 0 };
    const sent = route(alert, targets).flatMap(({ target, send }) => (send ? [receivers.get(target)!] : []));
    return [...new Set(sent)].toSorted();
  };
}

interface Route {
  receiver?: string;
  matchers?: string[];
  match?: Record<string, string>;
  match_re?: Record<string, string>;
  routes?: Route[];
  continue?: boolean;
}

const prefixed = (prefix: string, labels: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [prefix + name, value]));

/**
 * A file with one copy of the tree per alert, so that amtool answers for all alerts in one process: the labels and receivers of
 * each copy have its own prefix.
 */
function copies(text: string, count: number): string {
  const { route: tree, receivers, ...rest } = parse(text) as { route: Route; receivers: { name: string }[] };
  const copy = (one: Route, prefix: string): Route => ({
    ...one,
    ...(one.receiver !== undefined && { receiver: prefix + one.receiver }),
    ...(one.matchers && {
      matchers: one.matchers.map((matcher) => matcher.replace(/(^\{?|, )(?=[a-z]+[=!])/g, `$1${prefix}`)),
    }),
    match: prefixed(prefix, one.match),
    match_re: prefixed(prefix, one.match_re),
    routes: (one.routes ?? []).map((child) => copy(child, prefix)),
  });
  const prefixes = Array.from({ length: count }, (_, index) => `a${index}_`);
  return stringify({
    ...rest,
    route: { receiver: "root", routes: prefixes.map((prefix) => ({ ...copy(tree, prefix), continue: true })) },
    receivers: [
      { name: "root" },
      ...prefixes.flatMap((prefix) => receivers.map(({ name }) => ({ name: prefix + name }))),
    ],
  });
}

/** Asks amtool which receivers each alert reaches. */
async function askAmtool(file: string, alerts: readonly Record<string, string>[]): Promise<string[][]> {
  const path = join(dir, `${file}.copies`);
  writeFileSync(path, copies(readFileSync(join(files, file), "utf8"), alerts.length));
  const labels = alerts.flatMap((alert, index) =>
    Object.entries(alert).map(([name, value]) => `a${index}_${name}=${value}`),
  );
  const answered = await askOnce(path, labels);
  return alerts.map((_, index) => {
    const prefix = `a${index}_`;
    const own = answered.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    return [...new Set(own)].toSorted();
  });
}

async function askOnce(path: string, labels: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await amtool("http://127.0.0.1:1", [
    "config",
    "routes",
    "test",
    `--config.file=${path}`,
    ...labels,
  ]);
  expect({ code, stderr: stderr.replace(/^Warning: --config.*\n/, "") }).toEqual({ code: 0, stderr: "" });
  return stdout.trim().split(",");
}

describe.skipIf(!hasTool(amtoolBinary, "prometheus-alertmanager"))("a configuration made from Alertmanager's", () => {
  test.each(cases)(
    "$file reaches the targets of the receivers that amtool names",
    async ({ file, labels, leftOut, code = 0 }) => {
      const converted = await convert(file);
      expect({ code: converted.code, differences: converted.result.differences }).toEqual({ code, differences: [] });
      const reached = reachedBy(converted.to, converted.result);
      const alerts = alertsOf(labels);
      const withTargets = new Set(converted.result.targets.map(({ receiver }) => receiver));
      const named = await askAmtool(file, alerts);
      // The file as it is, for a few: the copies must mean the same.
      for (const index of [0, 1, 2]) {
        const direct = await askOnce(
          join(files, file),
          Object.entries(alerts[index]!).map((pair) => pair.join("=")),
        );
        expect([...new Set(direct)].toSorted()).toEqual(named[index]);
      }
      const silent = ["silent", "nobody", ...(leftOut === undefined ? [] : [leftOut])];
      expect(named.flat().filter((name) => !withTargets.has(name) && !silent.includes(name))).toEqual([]);
      expect(alerts.map((alert) => ({ alert, receivers: reached(alert) }))).toEqual(
        alerts.map((alert, index) => ({ alert, receivers: named[index]!.filter((name) => !silent.includes(name)) })),
      );
      // A critical that amtool sends to a receiver without a target is lost, and the command fails because of it.
      const isLost = (alert: Record<string, string>, index: number) =>
        alert["severity"] === "critical" && reached(alert).length === 0 && named[index]!.includes(leftOut ?? "");
      expect(converted.result.lostCriticals.length > 0).toBe(alerts.some(isLost));
    },
  );
});
