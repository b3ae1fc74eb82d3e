// How much longer does a critical take while 5,000 changes wait at the rate limit of its target? Both runs have the same limit,
// whose reserve holds all criticals, and alternate. The spread is that of the runs without changes.
import { type Contestant, startTocsin } from "./lib/contestants.ts";
import { median, printTable, quantile, writeResult } from "./lib/machine.ts";
import { type Sink, startSink } from "./lib/sink.ts";
import { type Latencies, steadily } from "./lib/steady.ts";

const seconds = Number(process.argv[2] ?? 10);
const rounds = Number(process.argv[3] ?? 5);
const perSecond = 100;
const queued = 5_000;

/** 600 attempts a minute for changes, and 11,400 that only criticals may use. */
const rateLimit = { limit: 12_000, per: "60s", reserve: 0.95 };

/** Counts events about alerts only. */
const alertsAt = (sink: Sink): Sink => ({
  ...sink,
  async until(count) {
    for (;;) {
      const { arrivals, lastAtMs } = await sink.seen();
      if (Object.keys(arrivals).length >= count) return lastAtMs;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
});

async function queueChanges({ url }: Contestant): Promise<void> {
  for (let first = 0; first < queued; first += 1_000) {
    const changes = Array.from({ length: 1_000 }, (_, n) => ({
      id: `change-${first + n}`,
      summary: `Deployed api ${first + n}`,
      labels: { service: `api-${n % 100}`, namespace: "production" },
      customDetails: { commit: "8f3c1d2", build: first + n },
    }));
    const answer = await fetch(`${url}/api/v1/changes`, { method: "POST", body: JSON.stringify({ changes }) });
    if (answer.status !== 202) throw new Error(`the changes were answered ${answer.status}`);
  }
}

async function run(withChanges: boolean): Promise<Latencies & { readonly left: number }> {
  await using sink = await startSink({ keepArrivals: true });
  await using tocsin = await startTocsin(sink.url, { rateLimit });
  if (withChanges) await queueChanges(tocsin);
  const latencies = await steadily([tocsin], alertsAt(sink), { perSecond, seconds, severity: "critical" });
  const { incidents } = (await (await fetch(`${tocsin.url}/api/v1/stats`)).json()) as {
    incidents: { state: string; count: number }[];
  };
  return { ...latencies, left: incidents.find(({ state }) => state === "due")?.count ?? 0 };
}

const results = { without: [] as Awaited<ReturnType<typeof run>>[], with: [] as Awaited<ReturnType<typeof run>>[] };
for (let round = 0; round < rounds; round++) {
  results.without.push(await run(false));
  results.with.push(await run(true));
}
const of = (all: typeof results.with, key: keyof Latencies) => median(all.map((one) => one[key]));
const row = (name: string, all: typeof results.with) => [
  name,
  of(all, "p50Ms").toFixed(2),
  of(all, "p99Ms").toFixed(2),
  `${Math.min(...all.map(({ p99Ms }) => p99Ms)).toFixed(2)} to ${Math.max(...all.map(({ p99Ms }) => p99Ms)).toFixed(2)}`,
  median(all.map(({ left }) => left)),
];
printTable([
  ["criticals", "p50 ms", "p99 ms", "p99 of the runs", "changes left at the end"],
  row("without changes", results.without),
  row(`with ${queued} queued changes`, results.with),
]);
const [before, after] = [of(results.without, "p99Ms"), of(results.with, "p99Ms")];
const spread = quantile(
  results.without.map(({ p99Ms }) => Math.abs(p99Ms - before)),
  0.5,
);
console.log(
  `p99 moved by ${(after - before).toFixed(2)} ms (${((after / before - 1) * 100).toFixed(0)} %); median distance of the runs without changes: ${spread.toFixed(2)} ms`,
);
writeResult("changes", { seconds, rounds, perSecond, queued, results });
