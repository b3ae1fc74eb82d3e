import type { DatabaseSync } from "node:sqlite";
import { type Migration, migrations } from "./schema.ts";

/**
 * Migrates the tables to this version, inside the transaction of the caller. Tables of a newer version stay as they are.
 *
 * @throws Error if this version may not use the tables of a newer one
 */
export function migrate(db: DatabaseSync, given: readonly Migration[] = migrations): void {
  const applied = appliedMigrations(db);
  if (applied > given.length) {
    refuseNewer(db, given.length);
    return;
  }
  const missing = given.slice(applied);
  if (missing.length === 0) return;
  for (const { sql } of missing) db.exec(sql);
  const from = Math.max(compatibleFrom(db), ...missing.map((migration) => migration.compatibleFrom));
  db.prepare("INSERT OR REPLACE INTO gates (kind, id, facts) VALUES ('meta', 'compatible_from', ?)").run(String(from));
  db.exec(`PRAGMA user_version=${given.length}`);
}

/** @throws Error if a version that knows `known` migrations may not use the tables */
export function refuseNewer(db: DatabaseSync, known = migrations.length): void {
  const applied = appliedMigrations(db);
  // A ledger of a version that did not note it yet is used only by a version that knows all its migrations.
  const from = compatibleFrom(db) || applied;
  if (applied > known && from > known)
    throw new Error(
      `the ledger was written by a newer Tocsin (for schema ${from} and later, this one knows ${known}): upgrade to open it`,
    );
}

export const appliedMigrations = (db: DatabaseSync): number =>
  Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);

/** 0: not noted. */
const compatibleFrom = (db: DatabaseSync): number =>
  Number(db.prepare("SELECT facts FROM gates WHERE kind = 'meta' AND id = 'compatible_from'").get()?.["facts"] ?? 0);
