// How fast does a storm of distinct alerts reach the target, and what does each event cost? Tocsin (SQLite with fsync,
// defaults, metrics and history on) beside the naive relay and Debian's Alertmanager, interleaved.
import { batches, type PostedAlert, webhookBody } from "./lib/alerts.ts";
import {
  type Contestant,
  hasAlertmanager,
  startAlertmanager,
  startNaiveRelay,
  startTocsin,
} from "./lib/contestants.ts";
import {
  cpuSeconds,
  machineBusySeconds,
  median,
  peakRssMiB,
  printTable,
  quantile,
  writeResult,
} from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { directBody } from "./lib/shapes.ts";
import { startSink, type Sink } from "./lib/sink.ts";
import { invalidEvents } from "./lib/validate.ts";

const count = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 5);
const only = process.argv[4];

interface Phase {
  readonly deliveredPerSecond: number;
  readonly cpuMicrosPerEvent: number;
  readonly ingestP99Ms: number;
  readonly peakRssMiB: number;
  /** Share of the machine's CPU that neither the contestant, the sink nor the generator used. */
  readonly othersShare: number;
}

async function phase(contestant: Contestant, sink: Sink, groups: PostedAlert[][]): Promise<Phase> {
  await sink.reset();
  const bodies = groups.map((alerts) => (contestant.shape === "webhook" ? webhookBody(alerts) : directBody(alerts)));
  const cpuBefore = cpuSeconds(contestant.pid);
  const ours = () =>
    cpuSeconds(contestant.pid) + cpuSeconds(sink.pid) + process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;
  const [busyBefore, oursBefore] = [machineBusySeconds(), ours()];
  const startedAtMs = performance.timeOrigin + performance.now();
  const times = await postAll(contestant.url, bodies, { path: contestant.path });
  const lastAtMs = await sink.until(count);
  const seconds = (lastAtMs - startedAtMs) / 1000;
  // Its work after the last answer (settling it) is part of the price.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const cpu = cpuSeconds(contestant.pid) - cpuBefore;
  const busy = machineBusySeconds() - busyBefore;
  const invalid = await invalidEvents((await sink.seen()).samples);
  if (invalid.length > 0) throw new Error(`${contestant.name} sent invalid events: ${invalid[0]}`);
  return {
    deliveredPerSecond: count / seconds,
    cpuMicrosPerEvent: (cpu / count) * 1e6,
    ingestP99Ms: quantile(times, 0.99),
    peakRssMiB: peakRssMiB(contestant.pid),
    othersShare: Math.max(0, busy - (ours() - oursBefore)) / busy,
  };
}

const starters: Record<string, (sinkUrl: string) => Promise<Contestant>> = {
  tocsin: (url) => startTocsin(url),
  "naive relay": startNaiveRelay,
  ...(hasAlertmanager() ? { alertmanager: startAlertmanager } : {}),
};

const results: Record<string, { storm: Phase[]; resolved: Phase[] }> = {};
for (let round = 0; round < rounds; round++)
  for (const [name, start] of Object.entries(starters)) {
    if (only !== undefined && name !== only) continue;
    await using sink = await startSink();
    await using contestant = await start(sink.url);
    const storm = await phase(contestant, sink, batches(count, 50, "firing"));
    const resolved = await phase(contestant, sink, batches(count, 50, "resolved"));
    results[name] ??= { storm: [], resolved: [] };
    results[name].storm.push(storm);
    results[name].resolved.push(resolved);
    console.error(
      `round ${round + 1}: ${name}: ${Math.round(storm.deliveredPerSecond)}/s, ${Math.round(storm.cpuMicrosPerEvent)} µs, resolved ${Math.round(resolved.deliveredPerSecond)}/s`,
    );
  }

const of = (name: string, which: "storm" | "resolved", key: keyof Phase): number =>
  median(results[name]?.[which].map((one) => one[key]) ?? []);
const rows = Object.keys(results).map((name) => [
  name,
  Math.round(of(name, "storm", "deliveredPerSecond")),
  Math.round(of(name, "storm", "cpuMicrosPerEvent")),
  of(name, "storm", "peakRssMiB"),
  of(name, "storm", "ingestP99Ms").toFixed(1),
  Math.round(of(name, "resolved", "deliveredPerSecond")),
  Math.round(of(name, "resolved", "cpuMicrosPerEvent")),
  `${Math.round(of(name, "storm", "othersShare") * 100)} %`,
]);
printTable([
  [
    `storm of ${count}`,
    "delivered/s",
    "µs CPU/event",
    "peak MiB",
    "ingest p99 ms",
    "resolved/s",
    "µs CPU/event",
    "others",
  ],
  ...rows,
]);
writeResult("storm", { count, rounds, results });
