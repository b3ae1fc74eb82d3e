// What does one explain cost with 1,000,000 incidents stored, of which 1,000 are open, and with 100,000 changes beside them?
import { postedAlert } from "./lib/alerts.ts";
import { startTocsin } from "./lib/contestants.ts";
import { peakRssMiB, printTable, quantile, writeResult } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";
import { type Stored, type StoredChanges, stored } from "./lib/stored.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const changes = Number(process.argv[3] ?? 100_000);
const questions = 500;

async function explain(storedChanges: StoredChanges) {
  using ledger: Stored = await stored(count, 1_000, storedChanges);
  await using sink = await startSink();
  await using tocsin = await startTocsin(sink.url, { dir: ledger.dir });
  // Right after the start the service routes all open incidents again; this bench does not measure that second.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const times: number[] = [];
  let related = 0;
  for (let i = 0; i < questions; i++) {
    const { fingerprint } = postedAlert((i * 7919) % count, "firing");
    const at = performance.now();
    const answer = await fetch(`${tocsin.url}/api/v1/explain?fingerprint=${fingerprint}`);
    const body = (await answer.json()) as { targets: unknown[]; changes: unknown[] };
    times.push(performance.now() - at);
    if (!answer.ok || body.targets.length === 0) throw new Error(`${fingerprint} is not explained: ${answer.status}`);
    related += body.changes.length;
  }
  return {
    changes: storedChanges.count,
    times,
    related: related / questions,
    mib: ledger.mib,
    rss: peakRssMiB(tocsin.pid),
  };
}

const runs = [
  await explain({ count: 0, related: false }),
  await explain({ count: changes, related: false }),
  await explain({ count: changes, related: true }),
];
printTable([
  ["stored", "changes", "related", "explain p50 ms", "p95 ms", "p99 ms", "MiB on disk", "RSS MiB"],
  ...runs.map(({ changes: beside, times, related, mib, rss }) => [
    count,
    beside,
    related.toFixed(1),
    quantile(times, 0.5).toFixed(2),
    quantile(times, 0.95).toFixed(2),
    quantile(times, 0.99).toFixed(2),
    mib,
    rss,
  ]),
]);
writeResult("explain", { count, runs });
