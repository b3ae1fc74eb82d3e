// How much do replicas over one PostgreSQL deliver, and how much does an event cost them and the database? A storm of distinct alerts,
// posted to all of them at once, cold and, after the same was resolved, other alerts warm; then how long one alert a request takes at a steady rate. PostgreSQL with its defaults: on disk, with fsync.
import { postgresPrograms, TestPostgres } from "@tocsin/test/makers";
import { batches, type PostedAlert, webhookBody } from "./lib/alerts.ts";
import { type Contestant, ledgerIn, startTocsin } from "./lib/contestants.ts";
import {
  cpuSeconds,
  machineBusySeconds,
  median,
  printTable,
  quantile,
  treeCpuSeconds,
  writeResult,
} from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { startSink, type Sink } from "./lib/sink.ts";
import { type Latencies, steadily } from "./lib/steady.ts";

const count = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 3);
/** Requests that are outstanding at once, over all replicas: the same for one, two and three. */
const outstanding = 6;
const sizes = (process.argv[4] ?? "1,2,3").split(",").map(Number);

interface Phase {
  readonly deliveredPerSecond: number;
  readonly cpuMicrosPerEvent: number;
  readonly databaseMicrosPerEvent: number;
  readonly ingestP50Ms: number;
  readonly ingestP99Ms: number;
  readonly othersShare: number;
}

async function phase(
  replicas: readonly Contestant[],
  postgres: TestPostgres,
  sink: Sink,
  groups: PostedAlert[][],
): Promise<Phase> {
  await sink.reset();
  const bodies = groups.map((alerts) => webhookBody(alerts));
  const cpu = () => replicas.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  const own = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6 + cpuSeconds(sink.pid);
  };
  const [cpuBefore, databaseBefore, busyBefore, ownBefore] = [
    cpu(),
    treeCpuSeconds(postgres.pid),
    machineBusySeconds(),
    own(),
  ];
  const startedAtMs = performance.timeOrigin + performance.now();
  const shares = replicas.map((_, n) => bodies.filter((_body, index) => index % replicas.length === n));
  const times = await Promise.all(
    replicas.map(({ url, path }, n) =>
      postAll(url, shares[n] ?? [], { path, connections: outstanding / replicas.length }),
    ),
  );
  const lastAtMs = await sink.until(count);
  // The work after the last answer (settling it) is part of the price.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const ours = cpu() - cpuBefore;
  const database = treeCpuSeconds(postgres.pid) - databaseBefore;
  const busy = machineBusySeconds() - busyBefore;
  return {
    deliveredPerSecond: count / ((lastAtMs - startedAtMs) / 1_000),
    cpuMicrosPerEvent: (ours / count) * 1e6,
    databaseMicrosPerEvent: (database / count) * 1e6,
    ingestP50Ms: quantile(times.flat(), 0.5),
    ingestP99Ms: quantile(times.flat(), 0.99),
    othersShare: Math.max(0, busy - ours - database - (own() - ownBefore)) / busy,
  };
}

const [programs] = postgresPrograms();
if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
const rates = [100, 1_000];

/** Replicas over a database of their own, whatever becomes of the work. */
async function among<T>(
  size: number,
  keepArrivals: boolean,
  work: (replicas: readonly Contestant[], postgres: TestPostgres, sink: Sink) => Promise<T>,
): Promise<T> {
  await using sink = await startSink({ keepArrivals });
  await using postgres = await TestPostgres.open({ programs: programs!, onDisk: true });
  const ledger = ledgerIn(postgres);
  const replicas: Contestant[] = [];
  try {
    for (let n = 0; n < size; n++) replicas.push(await startTocsin(sink.url, { ledger }));
    return await work(replicas, postgres, sink);
  } finally {
    for (const replica of replicas) await replica[Symbol.asyncDispose]();
  }
}

const latencies: Record<string, Latencies[]> = {};
const results = new Map<number, { storm: Phase[]; resolved: Phase[]; warm: Phase[] }>(
  sizes.map((size) => [size, { storm: [], resolved: [], warm: [] }]),
);
for (let round = 0; round < rounds; round++)
  for (const size of sizes) {
    await among(size, false, async (replicas, postgres, sink) => {
      const storm = await phase(replicas, postgres, sink, batches(count, 50, "firing"));
      const resolved = await phase(replicas, postgres, sink, batches(count, 50, "resolved"));
      const warm = await phase(replicas, postgres, sink, batches(count, 50, "firing", count));
      results.get(size)?.storm.push(storm);
      results.get(size)?.warm.push(warm);
      results.get(size)?.resolved.push(resolved);
      console.error(
        `round ${round + 1}: ${size} replicas: ${Math.round(storm.deliveredPerSecond)}/s, ${Math.round(storm.cpuMicrosPerEvent)} + ${Math.round(storm.databaseMicrosPerEvent)} µs, resolved ${Math.round(resolved.deliveredPerSecond)}/s, warm ${Math.round(warm.deliveredPerSecond)}/s, ${Math.round(warm.cpuMicrosPerEvent)} + ${Math.round(warm.databaseMicrosPerEvent)} µs`,
      );
    });
    for (const perSecond of rates)
      (latencies[`${size} at ${perSecond}/s`] ??= []).push(
        await among(size, true, (replicas, _, sink) => steadily(replicas, sink, { perSecond, seconds: 10 })),
      );
  }

const of = (size: number, which: "storm" | "resolved" | "warm", key: keyof Phase): number =>
  median(results.get(size)?.[which].map((one) => one[key]) ?? []);
printTable([
  [
    `storm of ${count}`,
    "delivered/s",
    "µs CPU/event",
    "database µs/event",
    "ingest p50 ms",
    "ingest p99 ms",
    "resolved/s",
    "µs CPU/event",
    "warm/s",
    "µs CPU/event",
    "database µs/event",
    "others",
  ],
  ...sizes.map((size) => [
    `${size} replica${size === 1 ? "" : "s"}`,
    Math.round(of(size, "storm", "deliveredPerSecond")),
    Math.round(of(size, "storm", "cpuMicrosPerEvent")),
    Math.round(of(size, "storm", "databaseMicrosPerEvent")),
    of(size, "storm", "ingestP50Ms").toFixed(1),
    of(size, "storm", "ingestP99Ms").toFixed(1),
    Math.round(of(size, "resolved", "deliveredPerSecond")),
    Math.round(of(size, "resolved", "cpuMicrosPerEvent")),
    Math.round(of(size, "warm", "deliveredPerSecond")),
    Math.round(of(size, "warm", "cpuMicrosPerEvent")),
    Math.round(of(size, "warm", "databaseMicrosPerEvent")),
    `${Math.round(of(size, "storm", "othersShare") * 100)} %`,
  ]),
]);
printTable([
  ["accepted → arrived", "p50 ms", "p99 ms"],
  ...Object.entries(latencies).map(([name, all]) => [
    `replicas: ${name}`,
    median(all.map(({ p50Ms }) => p50Ms)).toFixed(1),
    median(all.map(({ p99Ms }) => p99Ms)).toFixed(1),
  ]),
]);
writeResult("fleet", { latencies, count, rounds, postgres: programs.name, results: Object.fromEntries(results) });
