// How long from the moment an alert was due to be posted until its event arrives at the target? One alert a request at a
// steady rate, beside Debian's Alertmanager in the same run. The disk's own fsync stands beside it.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Contestant, hasAlertmanager, startAlertmanager, startTocsin } from "./lib/contestants.ts";
import { cpuSeconds, median, printTable, quantile, writeResult } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";
import { type Latencies, steadily } from "./lib/steady.ts";

const seconds = Number(process.argv[2] ?? 10);
const rounds = Number(process.argv[3] ?? 5);

interface Measured extends Latencies {
  readonly cpuMicrosPerEvent: number;
}

const starters: Record<string, (sinkUrl: string) => Promise<Contestant>> = {
  tocsin: (url) => startTocsin(url),
  ...(hasAlertmanager() ? { alertmanager: startAlertmanager } : {}),
};

async function run(start: (url: string) => Promise<Contestant>, perSecond: number): Promise<Measured> {
  await using sink = await startSink({ keepArrivals: true });
  await using contestant = await start(sink.url);
  let cpuBefore = 0;
  const warm = () => (cpuBefore = cpuSeconds(contestant.pid));
  const latencies = await steadily([contestant], sink, { perSecond, seconds, warm });
  const cpu = cpuSeconds(contestant.pid) - cpuBefore;
  return { ...latencies, cpuMicrosPerEvent: (cpu / (perSecond * seconds)) * 1e6 };
}

function fsyncP50Ms(): number {
  const file = path.join(os.tmpdir(), `tocsin-fsync-${process.pid}`);
  const handle = openSync(file, "w");
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    writeSync(handle, Buffer.alloc(8192, i), 0, 8192, 0);
    const at = performance.now();
    fdatasyncSync(handle);
    times.push(performance.now() - at);
  }
  closeSync(handle);
  rmSync(file);
  return quantile(times, 0.5);
}

const results: Record<string, Measured[]> = {};
for (const perSecond of [100, 1000])
  for (let round = 0; round < rounds; round++)
    for (const [name, start] of Object.entries(starters))
      (results[`${name} ${perSecond}/s`] ??= []).push(await run(start, perSecond));

const fsyncMs = fsyncP50Ms();
const of = (all: Measured[], key: keyof Measured) => median(all.map((one) => one[key])).toFixed(2);
printTable([
  ["accepted → arrived", "p50 ms", "p99 ms", "µs CPU/event"],
  ...Object.entries(results).map(([name, all]) => [
    name,
    of(all, "p50Ms"),
    of(all, "p99Ms"),
    of(all, "cpuMicrosPerEvent"),
  ]),
]);
for (const perSecond of [100, 1000]) {
  const [ours, theirs] = [results[`tocsin ${perSecond}/s`] ?? [], results[`alertmanager ${perSecond}/s`]];
  if (!theirs) continue;
  const pairs = (key: keyof Measured) => ours.map((one, n) => (one[key] / theirs[n]![key]).toFixed(2)).join(", ");
  console.log(`${perSecond}/s, of Alertmanager's, run by run: p50 ${pairs("p50Ms")}; p99 ${pairs("p99Ms")}`);
}
console.log(`fdatasync of 8 KiB on this disk: p50 ${fsyncMs.toFixed(2)} ms`);
writeResult("latency", { seconds, rounds, fsyncMs, results });
