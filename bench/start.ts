// How long from the start of the program until it is ready, with nothing in its ledger and with 100,000 open incidents?
import { type Stored, stored } from "./lib/stored.ts";
import { startTocsin } from "./lib/contestants.ts";
import { cpuSeconds, median, peakRssMiB, printTable, writeResult } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";

const open = Number(process.argv[2] ?? 100_000);
const rounds = Number(process.argv[3] ?? 5);

const results: { open: number; readySeconds: number; cpuSeconds: number; rssMiB: number }[] = [];
for (const count of [0, open]) {
  using ledger: Stored = await stored(count, count);
  for (let round = 0; round < rounds; round++) {
    await using sink = await startSink();
    const startedAt = performance.now();
    await using tocsin = await startTocsin(sink.url, { dir: ledger.dir });
    const readySeconds = (performance.now() - startedAt) / 1_000;
    results.push({ open: count, readySeconds, cpuSeconds: cpuSeconds(tocsin.pid), rssMiB: peakRssMiB(tocsin.pid) });
  }
}
const of = (count: number, key: keyof (typeof results)[number]) =>
  median(results.filter((one) => one.open === count).map((one) => one[key]));
printTable([
  ["open incidents", "ready s", "CPU s until then", "RSS MiB"],
  ...[0, open].map((count) => [
    count,
    of(count, "readySeconds").toFixed(2),
    of(count, "cpuSeconds").toFixed(2),
    of(count, "rssMiB"),
  ]),
]);
writeResult("start", { open, rounds, results });
