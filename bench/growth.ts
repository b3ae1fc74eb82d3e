// Does an event cost more where more is stored, or where there are more targets? A storm of 5,000, then single alerts, over
// 1,000 to 1,000,000 stored incidents (1,000 of them open), and beside 10 and 1,000 targets of which one wants them.
import { batches, postedAlert, webhookBody } from "./lib/alerts.ts";
import { startTocsin } from "./lib/contestants.ts";
import { cpuSeconds, printTable, quantile, writeResult } from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { startSink } from "./lib/sink.ts";
import { type Stored, stored } from "./lib/stored.ts";

const most = Number(process.argv[2] ?? 1_000_000);
const storm = 5_000;
/** Numbers of alerts that no ledger here holds. */
const fresh = 2_000_000;

const others = (count: number) =>
  Array.from({ length: count - 1 }, (_, n) => ({
    name: `team-${n}`,
    type: "pagerduty",
    url: "http://127.0.0.1:9",
    routing_key: String(n).padStart(32, "0"),
    filters: {
      min_severity: "warning",
      namespace: ["production", "staging"],
      labels: { team: `team-${n}` },
      matchers: ['service=~"api|web"'],
      exclude_noise: true,
    },
  }));

const sizes = [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= most);
const cases = [
  ...sizes.map((size) => ({ size, targets: 1 })),
  ...[10, 1_000].map((targets) => ({ size: 1_000, targets })),
];
const rows: (string | number)[][] = [["stored", "targets", "µs CPU/event", "one alert, p50 ms", "p99 ms"]];
const results: object[] = [];
for (const { size, targets } of cases) {
  using ledger: Stored = await stored(size, 1_000);
  await using sink = await startSink();
  await using tocsin = await startTocsin(sink.url, { dir: ledger.dir, others: others(targets) });
  // Open incidents are routed again after a start.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const bodies = batches(storm, 50, "firing", fresh).map(webhookBody);
  await sink.reset();
  const before = cpuSeconds(tocsin.pid);
  await postAll(tocsin.url, bodies, { path: tocsin.path });
  await sink.until(storm);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const cpuMicrosPerEvent = ((cpuSeconds(tocsin.pid) - before) / storm) * 1e6;
  const singles = Array.from({ length: 300 }, (_, n) => webhookBody([postedAlert(fresh + storm + n, "firing")]));
  const times = await postAll(tocsin.url, singles, { path: tocsin.path, connections: 1 });
  const [p50Ms, p99Ms] = [quantile(times, 0.5), quantile(times, 0.99)];
  rows.push([size, targets, Math.round(cpuMicrosPerEvent), p50Ms.toFixed(2), p99Ms.toFixed(2)]);
  results.push({ size, targets, cpuMicrosPerEvent, p50Ms, p99Ms });
}
printTable(rows);
writeResult("growth", { storm, results });
