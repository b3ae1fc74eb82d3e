// Do a PostgreSQL ledger's operations take longer where 1,000,000 incidents are stored? An empty ledger and a full one on the same
// server alternate: single alerts and groups of 50 are recorded, leased and settled, and stored alerts are repeated. It begins
// right after a checkpoint, when the first change of each page is logged whole: so the cost of recording is also shown in fifths.
import { openPostgresLedger } from "@tocsin/engine";
import { firing, postgresPrograms, targetTerms, TestPostgres, wanted } from "@tocsin/test/makers";
import pg from "pg";
import { fillPostgres, fingerprintOf, group, request, storedFiring } from "./lib/filled-postgres.ts";
import { median, printTable, quantile, writeResult } from "./lib/machine.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const rounds = Number(process.argv[3] ?? 1_000);

const [programs] = postgresPrograms();
if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
await using postgres = await TestPostgres.open({ programs, onDisk: true, settings: { max_wal_size: "4GB" } });
const client = new pg.Client({ connectionString: postgres.url });
await client.connect();
await using ending = new AsyncDisposableStack();
ending.defer(() => client.end());

const schemas = ["empty", "full"] as const;
type Schema = (typeof schemas)[number];
async function open(schema: Schema) {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
  const ledger = await openPostgresLedger({ server: { ...postgres.address, schema } });
  await ledger.useTargets([targetTerms("pagerduty")]);
  return ledger;
}
{
  await using ledger = await open("full");
  await client.query("SET search_path = 'full'");
  const startedAt = performance.now();
  await fillPostgres(ledger, client, count);
  console.error(`filled in ${Math.round((performance.now() - startedAt) / 1_000)} s`);
}
const sizes = await client.query<{ mib: string }>("SELECT pg_database_size(current_database()) >> 20 AS mib");
await using empty = await open("empty");
await using full = await open("full");
const ledgers = { empty, full };

const times: Record<string, Record<Schema, number[]>> = {};
const timed = async <T>(what: string, schema: Schema, work: () => Promise<T>): Promise<T> => {
  const at = performance.now();
  const answer = await work();
  (times[what] ??= { empty: [], full: [] })[schema].push(performance.now() - at);
  return answer;
};

/** Firing alerts that were delivered. */
const said: Record<Schema, string[]> = { empty: [], full: storedFiring(10_000, count) };
if (!(await Promise.all(said.full.slice(0, 100).map((name) => full.alert(name)))).every(Boolean))
  throw new Error("repeated alerts are not stored");
async function round(schema: Schema, n: number, size: number): Promise<void> {
  const ledger = ledgers[schema];
  const names = Array.from({ length: size }, (_, i) => fingerprintOf(`fresh ${n} ${i} of ${size}`));
  await timed(`record ${size}`, schema, () => ledger.record(names.map((name) => wanted(firing(name)))));
  const { leases } = await timed(`claim ${size}`, schema, () => ledger.leaseDue(request));
  if (leases.length !== size) throw new Error(`${schema}: ${leases.length} leases, not ${size}`);
  const reports = leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "" } as const }));
  await timed(`settle ${size}`, schema, () => ledger.settle(reports));
  if (schema === "empty") said.empty.push(...names);
  const again = Array.from({ length: size }, (_, i) => said[schema][(n * size + i) % said[schema].length] as string);
  await timed(`repeat ${size}`, schema, () => ledger.record(again.map((name) => wanted(firing(name)))));
}

for (let n = 0; n < rounds; n++)
  for (const size of n % 5 === 0 ? [1, group] : [1])
    for (const schema of n % 2 === 0 ? schemas : schemas.toReversed()) await round(schema, n, size);

const rows = Object.entries(times).map(([what, { empty: before, full: after }]) => {
  const [p50, p95, fullP50, fullP95] = [before, after].flatMap((one) => [quantile(one, 0.5), quantile(one, 0.95)]) as [
    number,
    number,
    number,
    number,
  ];
  return { what, p50, fullP50, ratio: fullP50 / p50, p95, fullP95, ratioP95: fullP95 / p95 };
});
printTable([
  ["", "empty p50 ms", `with ${count}`, "ratio", "empty p95 ms", `with ${count}`, "ratio"],
  ...rows.map(({ what, ...figures }) => [what, ...Object.values(figures).map((figure) => figure.toFixed(2))]),
]);
const { empty: before, full: after } = times[`record ${group}`] ?? { empty: [], full: [] };
const fifths = [0, 1, 2, 3, 4].map((nth) => {
  const middle = (all: number[]) => median(all.slice((nth * all.length) / 5, ((nth + 1) * all.length) / 5));
  return Number((middle(after) / middle(before)).toFixed(2));
});
console.log(`record ${group}, in fifths of the run: ${fifths.join(", ")}; ${sizes.rows[0]?.mib} MiB on disk`);
writeResult("full", { count, rounds, postgres: programs.name, mib: Number(sizes.rows[0]?.mib), rows, fifths });
