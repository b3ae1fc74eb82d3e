import { migrations } from "./schema.ts";
import type { Session } from "./session.ts";

/** Replicas that start together wait here for the first of them. */
const lock = "SELECT pg_advisory_xact_lock(hashtext('tocsin migrations'), hashtext(current_schema()))";

/** Oldest server that has all that the statements use, and that its makers still mend. */
const oldestServer = 140_000;

/** So long may a migration rewrite a table. */
const patienceMs = 600_000;

/**
 * Brings the tables up to this version.
 *
 * @throws Error where they are a newer version's, or the server is too old
 */
export async function migrate(session: Session, given: readonly string[] = migrations): Promise<void> {
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
    if (applied > given.length)
      throw new Error(
        `the ledger was written by a newer Tocsin (schema ${applied}, this one knows ${given.length}): upgrade to open it`,
      );
    for (const [index, sql] of given.entries()) {
      if (index < applied) continue;
      await session.run([{ sql }, { sql: `INSERT INTO migrations (n) VALUES (${index + 1})` }], patienceMs);
    }
    await session.run([{ sql: "COMMIT" }], patienceMs);
  } catch (error) {
    await session.run([{ sql: "ROLLBACK" }], 1_000).catch(() => {});
    throw error;
  }
}
