// How long from the moment an alert was due to be posted until its event arrives at the target? One alert a request at a
// steady rate, beside Debian's Alertmanager in the same run. The disk's own fsync stands beside it.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Pool } from "undici";
import { postedAlert, webhookBody } from "./lib/alerts.ts";
import { type Contestant, hasAlertmanager, startAlertmanager, startTocsin } from "./lib/contestants.ts";
import { cpuSeconds, median, printTable, quantile, writeResult } from "./lib/machine.ts";
import { directBody } from "./lib/shapes.ts";
import { startSink } from "./lib/sink.ts";

const seconds = Number(process.argv[2] ?? 10);
const rounds = Number(process.argv[3] ?? 5);

interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerEvent: number;
}

const starters: Record<string, (sinkUrl: string) => Promise<Contestant>> = {
  tocsin: (url) => startTocsin(url),
  ...(hasAlertmanager() ? { alertmanager: startAlertmanager } : {}),
};

async function run(start: (url: string) => Promise<Contestant>, perSecond: number): Promise<Latencies> {
  await using sink = await startSink({ keepArrivals: true });
  await using contestant = await start(sink.url);
  const pool = new Pool(contestant.url, { connections: 16 });
  const dueAtMs = new Map<number, number>();
  const count = perSecond * seconds;
  const post = async (n: number): Promise<void> => {
    const alert = postedAlert(n, "firing");
    const { body } = await pool.request({
      path: contestant.path,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: contestant.shape === "webhook" ? webhookBody([alert]) : directBody([alert]),
    });
    await body.dump();
  };
  // Warm: the first hundred are not counted.
  for (let n = 0; n < 100; n++) await post(count + n);
  await sink.until(100);
  const cpuBefore = cpuSeconds(contestant.pid);
  const startAtMs = performance.timeOrigin + performance.now() + 50;
  const posts: Promise<void>[] = [];
  for (let n = 0; n < count; n++) {
    const atMs = startAtMs + (n * 1000) / perSecond;
    // Counted from when it was due, not from when the generator got round to it.
    for (;;) {
      const waitMs = atMs - (performance.timeOrigin + performance.now());
      if (waitMs <= 0) break;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    dueAtMs.set(n, atMs);
    posts.push(post(n));
  }
  await Promise.all(posts);
  await sink.until(count + 100);
  const cpu = cpuSeconds(contestant.pid) - cpuBefore;
  const { arrivals } = await sink.seen();
  const order = Object.values(arrivals)
    .toSorted((a, b) => a - b)
    .slice(100);
  // Alertmanager's dedup key is a hash of its own: matched by order, which at a steady rate is the order of posting.
  const byKey = contestant.shape === "webhook";
  const times = [...dueAtMs].map(
    ([n, dueMs], i) => ((byKey ? arrivals[postedAlert(n, "firing").fingerprint] : order[i]) ?? Number.NaN) - dueMs,
  );
  await pool.close();
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), cpuMicrosPerEvent: (cpu / count) * 1e6 };
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

const results: Record<string, Latencies[]> = {};
for (const perSecond of [100, 1000])
  for (let round = 0; round < rounds; round++)
    for (const [name, start] of Object.entries(starters))
      (results[`${name} ${perSecond}/s`] ??= []).push(await run(start, perSecond));

const fsyncMs = fsyncP50Ms();
const of = (all: Latencies[], key: keyof Latencies) => median(all.map((one) => one[key])).toFixed(2);
printTable([
  ["accepted → arrived", "p50 ms", "p99 ms", "µs CPU/event"],
  ...Object.entries(results).map(([name, all]) => [
    name,
    of(all, "p50Ms"),
    of(all, "p99Ms"),
    of(all, "cpuMicrosPerEvent"),
  ]),
]);
console.log(`fdatasync of 8 KiB on this disk: p50 ${fsyncMs.toFixed(2)} ms`);
writeResult("latency", { seconds, rounds, fsyncMs, results });
