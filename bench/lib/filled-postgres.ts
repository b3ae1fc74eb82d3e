import { createHash } from "node:crypto";
import type { Ledger } from "@tocsin/core";
import { firing, resolved, wanted } from "@tocsin/test/makers";
import type { Client } from "pg";

/** As many at a time as a fleet's replica asks for. */
export const group = 50;
export const request = {
  owner: "w",
  max: group,
  concurrency: 4 * group,
  leaseMarginMs: 20_000,
  ahead: { targets: [], factor: 1 },
};

/** Fingerprints are hashes: those that come one after another lie far from each other in an index. */
export const fingerprintOf = (name: string): string => createHash("md5").update(name).digest("hex").slice(0, 16);

/** In SQL: the fingerprint of copy `c`, and a text that speaks of it in place of the original. */
const other = (key: string) => `left(md5(${key} || ' ' || c), 16)`;
const renamed = (text: string, key: string) => `replace(${text}, ${key}, ${other(key)})`;

/** Rows that the operations write by themselves; the rest are copies of them. */
const pattern = 1_000;

/** Some of `count` stored, delivered and firing incidents, from all parts of the tables. */
export const storedFiring = (max: number, count: number): string[] =>
  Array.from({ length: Math.min(max, count / 2) }, (_, n) => {
    const original = fingerprintOf(`stored ${(Math.floor(n / 5) * 10 + (n % 5)) % pattern}`);
    const copy = (n * 7) % (count / pattern);
    return copy === 0 ? original : fingerprintOf(`${original} ${copy}`);
  });

/**
 * Fills an empty ledger with incidents: 50 % delivered and firing, 40 % closed, 10 % dead, each with its alert, history and dead letter.
 * The first thousand are recorded and delivered, the others are copies under other fingerprints. `client` finds the same tables.
 */
export async function fillPostgres(ledger: Ledger, client: Client, count: number): Promise<void> {
  const names = Array.from({ length: pattern }, (_, n) => ({
    kind: n % 10,
    fingerprint: fingerprintOf(`stored ${n}`),
  }));
  await ledger.record(names.map(({ fingerprint }) => wanted(firing(fingerprint))));
  const dead = new Set(names.filter(({ kind }) => kind === 9).map(({ fingerprint }) => fingerprint));
  await tellAll(ledger, dead);
  const ended = names.filter(({ kind }) => kind >= 5 && kind < 9);
  await ledger.record(ended.map(({ fingerprint }) => wanted(resolved(fingerprint))));
  await tellAll(ledger, dead);

  const copies = count / pattern - 1;
  const { rows } = await client.query<{ step: string }>("SELECT max(id) AS step FROM incidents");
  const step = Number(rows[0]?.step);
  const copy = `generate_series(1, ${copies}) c`;
  const id = (of: string) => `${of} + c * ${step}`;
  for (const sql of [
    `INSERT INTO alerts SELECT ${other("fingerprint")}, status, look_at, confirmed_at, ARRAY(SELECT ${id("i")} FROM unnest(incidents) i),
       ${renamed("content", "fingerprint")}, ${renamed("facts", "fingerprint")} FROM alerts, ${copy}`,
    `INSERT INTO incidents SELECT ${id("id")}, target, ${other("dedup_key")}, endpoint, state, urgency, severity, due_at, fallback_at,
       untold, owed, ${other("lead")}, accepted_at, updated_at, ${renamed("facts", "dedup_key")} FROM incidents, ${copy}`,
    `INSERT INTO history (incident, at, what, detail) SELECT ${id("incident")}, at, what, detail FROM history, ${copy} ORDER BY 1, n`,
    `INSERT INTO dead_letters (at, target, reason, replayed_at, facts) SELECT at, target, reason, replayed_at,
       replace(${renamed("facts", "(facts::json ->> 'dedupKey')")}, '"incident":' || (facts::json ->> 'incident') || ',',
         '"incident":' || ${id("(facts::json ->> 'incident')::bigint")} || ',') FROM dead_letters, ${copy}`,
    `UPDATE counts SET n = n * ${count / pattern}`,
    "UPDATE ledger SET last_id = (SELECT max(id) FROM incidents)",
    // As autovacuum would have done by then.
    "VACUUM ANALYZE",
    "CHECKPOINT",
  ])
    await client.query(sql);
}

/** Tells what is due, and refuses what is to be dead. */
async function tellAll(ledger: Ledger, dead: ReadonlySet<string>): Promise<void> {
  for (;;) {
    const { leases } = await ledger.leaseDue(request);
    if (leases.length === 0) return;
    await ledger.settle(
      leases.map((lease) => ({
        lease,
        outcome: dead.has(lease.dedupKey)
          ? { kind: "refused", reason: "invalid", detail: "HTTP 422" }
          : { kind: "accepted", receipt: "" },
        rendered: { dedup_key: lease.dedupKey },
      })),
    );
  }
}
