// Targets in Kubernetes: how long do 1,000 take to load, how soon does a change apply, and is memory flat after 10,000 events?
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compose } from "../apps/tocsin/src/compose.ts";
import { readConfig } from "../apps/tocsin/src/config/config.ts";
import { median, printTable, quantile, writeResult } from "./lib/machine.ts";

const targetCount = 1_000;
const rounds = 12;
const eventsPerRound = 1_000;
const firingAlerts = 200;
const singleChanges = 30;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const cpuMs = () => process.threadCpuUsage().user / 1_000 + process.threadCpuUsage().system / 1_000;
const mib = (bytes: number) => Math.round(bytes / 2 ** 20);
const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const dir = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
const server = fork(new URL("./lib/api-server-process.ts", import.meta.url), [dir, String(targetCount)]);
const [{ kubeconfig }] = (await once(server, "message")) as [{ kubeconfig: string }];
const config = (enabled: boolean) =>
  readConfig(
    {
      server: { listen: "127.0.0.1:0" },
      ledger: { url: "sqlite:tocsin.db" },
      targets: [],
      discovery: { kubernetes: { enabled, kubeconfig, namespaces: ["bench"] }, policy: { allowLoopback: true } },
      telemetry: { logs: { level: "fatal" } },
    },
    { dir, env: {} },
  );
const start = (enabled: boolean) =>
  compose(config(enabled), { writeLog: () => {}, env: {}, reread: () => config(enabled) });
const ready = async (port: number) => {
  while (!(await fetch(`http://127.0.0.1:${port}/readyz`)).ok) await rest(5);
};

// Once without, so that what is loaded and compiled anyway is not counted.
await (await start(false)).stop();
await import("@kubernetes/client-node");

const loadSinceMs = performance.now();
const loadSinceCpuMs = cpuMs();
const tocsin = await start(true);
const base = `http://127.0.0.1:${tocsin.address.port}`;
await ready(tocsin.address.port);
const load = { wallMs: performance.now() - loadSinceMs, cpuMs: cpuMs() - loadSinceCpuMs };
if (tocsin.targets.entries.filter(({ errors }) => errors.length === 0).length !== targetCount)
  throw new Error(`${tocsin.targets.entries.length} targets were found`);

const alerts = Array.from({ length: firingAlerts }, (_, n) => ({
  status: "firing",
  labels: { alertname: `Other${n}`, severity: "critical" },
}));
await fetch(`${base}/api/v1/webhook/alertmanager`, { method: "POST", body: JSON.stringify({ alerts }) });

const reached = (round: number) =>
  tocsin.targets.entries.some(({ name, target }) => name === "bench/marker" && target?.metadata["round"] === round);
let round = 0;
async function change(events: number): Promise<number> {
  const sinceMs = performance.now();
  server.send({ events, round: ++round });
  while (!reached(round)) await rest(1);
  return performance.now() - sinceMs;
}

const lagsMs: number[] = [];
for (let n = 0; n < singleChanges; n++) {
  lagsMs.push(await change(0));
  // Changes that come one by one, not a storm.
  await rest(600);
}

const memory: { readonly events: number; readonly rssMiB: number; readonly heapMiB: number; readonly cpuMs: number }[] =
  [];
for (let n = 0; n <= rounds; n++) {
  const sinceCpuMs = cpuMs();
  if (n > 0) await change(eventsPerRound);
  const spentMs = cpuMs() - sinceCpuMs;
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  memory.push({ events: n * eventsPerRound, rssMiB: mib(rss), heapMiB: mib(heapUsed), cpuMs: Math.round(spentMs) });
}
await tocsin.stop();
server.disconnect();
rmSync(dir, { recursive: true });

console.log(
  `Loading ${targetCount} targets with 5 filters: ${Math.round(load.wallMs)} ms, ${Math.round(load.cpuMs)} ms CPU of the main thread`,
);
console.log(
  `A single change, from the API to force: p50 ${Math.round(median(lagsMs))} ms, p99 ${Math.round(quantile(lagsMs, 0.99))} ms\n`,
);
printTable([
  ["events", "RSS MiB", "heap MiB", "CPU ms of these"],
  ...memory.map(({ events, rssMiB, heapMiB, cpuMs: spent }) => [events, rssMiB, heapMiB, spent]),
]);
writeResult("discovery", { load, lagMs: { p50: median(lagsMs), p99: quantile(lagsMs, 0.99) }, memory });
process.exit();
