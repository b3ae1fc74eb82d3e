import { type Migration, migrations, refuseNewer } from "./schema.ts";
import type { Session } from "./session.ts";

/** Replicas that start at the same time wait here for the first of them. */
const lock = "SELECT pg_advisory_xact_lock(hashtext('tocsin migrations'), hashtext(current_schema()))";

/** Waits until no replica is in a transaction on the older tables. At the very first start there are no tables. */
const ledgerLock = "SELECT pg_advisory_xact_lock(hashtext('tocsin ledger'), to_regclass('ledger')::oid::int)";

/** The oldest server that supports all statements, and that still gets fixes from its makers. */
const oldestServer = 140_000;

/** Time limit of one statement of a migration, which may rewrite a table. */
const patienceMs = 600_000;

/**
 * Migrates the tables to this version. Tables of a newer version stay as they are.
 *
 * @throws Error if this version may not use the tables of a newer one, or the server is too old
 */
export async function migrate(session: Session, given: readonly Migration[] = migrations): Promise<void> {
  let server = 0;
  let applied = 0;
  await session.run(
    [{ sql: "SHOW server_version_num", take: ([row]) => void (server = Number(row?.["server_version_num"])) }],
    patienceMs,
  );
  if (server < oldestServer)
    throw new Error(`PostgreSQL ${Math.floor(server / 10_000)} is too old: Tocsin needs 14 or newer`);
  try {
    await session.run(
      [
        { sql: "BEGIN" },
        { sql: "SET LOCAL statement_timeout = 0" },
        { sql: "SET LOCAL lock_timeout = 0" },
        { sql: "SET LOCAL idle_in_transaction_session_timeout = 60000" },
        { sql: lock },
        {
          sql: "CREATE TABLE IF NOT EXISTS migrations (n integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
        },
        {
          sql: "SELECT COALESCE(max(n), 0) AS applied FROM migrations",
          take: ([row]) => void (applied = Number(row?.["applied"])),
        },
      ],
      patienceMs,
    );
    if (applied > given.length) await checkCompatible(session, patienceMs, given.length);
    const missing = given.slice(applied);
    if (missing.length > 0) await session.run([{ sql: ledgerLock }], patienceMs);
    for (const [index, { sql }] of missing.entries())
      await session.run([{ sql }, { sql: `INSERT INTO migrations (n) VALUES (${applied + index + 1})` }], patienceMs);
    const from = Math.max(...missing.map(({ compatibleFrom }) => compatibleFrom));
    if (missing.length > 0)
      await session.run(
        [{ sql: `UPDATE ledger SET compatible_from = GREATEST(compatible_from, ${from})` }],
        patienceMs,
      );
    await session.run([{ sql: "COMMIT" }], patienceMs);
  } catch (error) {
    await session.run([{ sql: "ROLLBACK" }], 1_000).catch(() => {});
    throw error;
  }
}

/** @throws LedgerUnavailable as `refuseNewer` does; Error if the server sends nothing for `silenceMs` */
export async function checkCompatible(session: Session, silenceMs: number, known?: number): Promise<void> {
  let from = 0;
  await session.run(
    [{ sql: "SELECT compatible_from FROM ledger", take: ([row]) => void (from = Number(row?.["compatible_from"])) }],
    silenceMs,
  );
  refuseNewer(from, known);
}
