// What do listeners to the event stream cost an event? A storm and a steady rate over SQLite, and over two
// replicas of one PostgreSQL, without listeners and with some at each replica, in turn.
import { postgresPrograms, TestPostgres } from "@tocsin/test/makers";
import { request } from "undici";
import { batches, webhookBody } from "./lib/alerts.ts";
import { type Contestant, ledgerIn, startTocsin } from "./lib/contestants.ts";
import { cpuSeconds, median, printTable, treeCpuSeconds, writeResult } from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { startSink, type Sink } from "./lib/sink.ts";
import { steadily } from "./lib/steady.ts";

const count = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 3);
const sizes = (process.argv[4] ?? "0,1,20").split(",").map(Number);
const ledgers = (process.argv[5] ?? "sqlite,postgres").split(",");
const perSecond = 200;
const seconds = 10;

interface Cost {
  readonly cpuMicrosPerEvent: number;
  readonly databaseMicrosPerEvent: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All events that a listener got. */
  readonly incidents: number;
  readonly resets: number;
}

/** Listeners at each service, until they disconnect, and all events that they got. */
async function listen(contestants: readonly Contestant[], many: number) {
  const told = { incidents: 0, resets: 0 };
  const left: (() => void)[] = [];
  for (const { url } of contestants)
    for (let n = 0; n < many; n++) {
      const { body } = await request(`${url}/api/v1/events/stream`);
      body.on("error", () => {});
      body.on("data", (chunk: Buffer) => {
        const text = chunk.toString();
        told.incidents += text.split("event: incident").length - 1;
        told.resets += text.split("event: reset").length - 1;
      });
      left.push(() => void body.destroy());
    }
  return { told, leave: () => left.forEach((one) => one()) };
}

async function costOf(
  load: "storm" | "steady",
  contestants: readonly Contestant[],
  database: () => number,
  sink: Sink,
  many: number,
): Promise<Cost> {
  const { told, leave } = await listen(contestants, many);
  const cpu = () => contestants.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
  let [before, databaseBefore] = [cpu(), database()];
  let [events, latencies] = [count, { p50Ms: Number.NaN, p99Ms: Number.NaN }];
  if (load === "storm") {
    const bodies = batches(count, 50, "firing").map((alerts) => webhookBody(alerts));
    await Promise.all(
      contestants.map(({ url, path }, n) =>
        postAll(
          url,
          bodies.filter((_, index) => index % contestants.length === n),
          { path },
        ),
      ),
    );
    await sink.until(count);
  } else {
    events = perSecond * seconds;
    const warm = () => void ([before, databaseBefore] = [cpu(), database()]);
    latencies = await steadily(contestants, sink, { perSecond, seconds, warm });
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [ours, theirs] = [cpu() - before, database() - databaseBefore];
  leave();
  const listeners = Math.max(1, many * contestants.length);
  return {
    ...latencies,
    cpuMicrosPerEvent: (ours / events) * 1e6,
    databaseMicrosPerEvent: (theirs / events) * 1e6,
    incidents: told.incidents / listeners,
    resets: told.resets / listeners,
  };
}

const [programs] = postgresPrograms();
if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");

async function measure(ledger: string, load: "storm" | "steady", many: number): Promise<Cost> {
  await using sink = await startSink({ keepArrivals: load === "steady" });
  if (ledger === "sqlite") {
    await using one = await startTocsin(sink.url);
    return await costOf(load, [one], () => 0, sink, many);
  }
  await using postgres = await TestPostgres.open({ programs: programs!, onDisk: true });
  const ledgerOfBoth = ledgerIn(postgres);
  await using one = await startTocsin(sink.url, { ledger: ledgerOfBoth });
  await using two = await startTocsin(sink.url, { ledger: ledgerOfBoth });
  return await costOf(load, [one, two], () => treeCpuSeconds(postgres.pid), sink, many);
}

const results: Record<string, Cost[]> = {};
for (let round = 0; round < rounds; round++)
  for (const ledger of ledgers)
    for (const load of ["storm", "steady"] as const)
      for (const many of sizes) {
        const name = `${ledger}, ${load === "storm" ? `storm of ${count}` : `${perSecond}/s`}, ${many} each`;
        const cost = await measure(ledger, load, many);
        (results[name] ??= []).push(cost);
        console.error(
          `round ${round + 1}: ${name}: ${Object.values(cost)
            .map((value) => Math.round(value))
            .join(" ")}`,
        );
      }

const columns = [
  ["µs CPU/event", "cpuMicrosPerEvent", 0],
  ["database µs/event", "databaseMicrosPerEvent", 0],
  ["p50 ms", "p50Ms", 1],
  ["p99 ms", "p99Ms", 1],
  ["told each", "incidents", 0],
  ["resets each", "resets", 0],
] as const;
printTable([
  ["listeners", ...columns.map(([title]) => title)],
  ...Object.entries(results).map(([name, costs]) => [
    name,
    ...columns.map(([, key, digits]) => {
      const value = median(costs.map((cost) => cost[key]));
      return Number.isNaN(value) ? "" : value.toFixed(digits);
    }),
  ]),
]);
writeResult("listeners", { count, rounds, perSecond, seconds, postgres: programs.name, results });
