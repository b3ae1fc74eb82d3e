// Does a PostgreSQL ledger stay small however often its rows change? A number of open incidents are delivered once, then repeated with another
// severity again and again; sizes of tables and indexes, updates of rows, how many of these touched no index (HOT) and
// the rows that wait for vacuum are shown during the run. PostgreSQL's defaults, except that autovacuum looks every 10 s.
import { firing, postgresPrograms, targetTerms, TestPostgres, wanted } from "@tocsin/test/makers";
import { openPostgresLedger } from "@tocsin/engine";
import pg from "pg";
import { printTable, writeResult } from "./lib/machine.ts";

const open = Number(process.argv[2] ?? 1_000);
const rounds = Number(process.argv[3] ?? 300);
const severities = ["warning", "error"] as const;

const [programs] = postgresPrograms();
if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
await using postgres = await TestPostgres.open({ programs, onDisk: true, settings: { autovacuum_naptime: "10s" } });
const client = new pg.Client({ connectionString: postgres.url });
await client.connect();
await using ending = new AsyncDisposableStack();
ending.defer(() => client.end());
await using ledger = await openPostgresLedger({ server: postgres.address });
await ledger.useTargets([targetTerms("pagerduty")]);

const request = {
  owner: "w",
  max: 1_000,
  concurrency: 2_000,
  leaseMarginMs: 20_000,
  ahead: { targets: [], factor: 1 },
};
async function tell(): Promise<number> {
  let told = 0;
  for (;;) {
    const { leases } = await ledger.leaseDue(request);
    if (leases.length === 0) return told;
    await ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "" } })));
    told += leases.length;
  }
}

const tables = ["alerts", "incidents", "flights", "counts", "gates", "ledger"];
const rows: (string | number)[][] = [
  [
    "rounds",
    "alerts said",
    "events told",
    "rows updated",
    ...tables.map((name) => `${name}: table + indexes, kB; HOT; dead`),
  ],
];
let told = 0;
async function measure(round: number): Promise<void> {
  const figures: string[] = [];
  let updates = 0;
  for (const table of tables) {
    const { rows: found } = await client.query<Record<"heap" | "index" | "updated" | "hot" | "dead", string>>(
      `SELECT pg_table_size(relid) / 1024 AS heap, pg_indexes_size(relid) / 1024 AS index, n_tup_upd AS updated,
         round(100.0 * n_tup_hot_upd / greatest(n_tup_upd, 1)) AS hot, n_dead_tup AS dead
       FROM pg_stat_user_tables WHERE relid = $1::regclass`,
      [table],
    );
    const [row] = found;
    if (!row) throw new Error(`no figures of ${table}`);
    updates += Number(row.updated);
    figures.push(`${row.heap} + ${row.index}; ${row.hot} %; ${row.dead}`);
  }
  rows.push([round, round * open, told, updates, ...figures]);
  console.error(rows.at(-1)?.join("  "));
}

for (let round = 1; round <= rounds; round++) {
  // Every round repeats what fires, with another severity, so that both of its rows change.
  const severity = severities[round % 2] ?? "error";
  const claims = Array.from({ length: open }, (_, n) => wanted(firing(`alert ${n}`), { severity }));
  await ledger.record(claims);
  if (round % 3 > 0) told += await tell();
  if (round === 1 || round === 10 || round % 50 === 0) await measure(round);
}
printTable(rows);
writeResult("hygiene", { open, rounds, postgres: programs.name, rows });
