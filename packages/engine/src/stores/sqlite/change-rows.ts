import { changeColumnsOf, changeInColumns, cutPage, pageQuery } from "../../ledger/change-columns.ts";
import type { ChangePage, ChangeRecord, ChangesAbout, FoundChanges } from "../../ledger/store.ts";
import { type Database, type Row, text } from "./database.ts";

/** The table `changes`. */
export class ChangeRows {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(key: string): ChangeRecord | undefined {
    const row = this.#db.get("SELECT * FROM changes WHERE key = ?", key);
    return row && recordOf(row);
  }

  put(before: ChangeRecord | undefined, record: ChangeRecord): void {
    const { key, change, acceptedAtMs } = record;
    const { service, app } = change.labels;
    const { facts, details } = changeColumnsOf(record);
    const values = [change.timestampMs, acceptedAtMs, service || null, app || null, facts, details] as const;
    this.#db.run(
      before
        ? "UPDATE changes SET at = ?, accepted_at = ?, service = ?, app = ?, facts = ?, details = ? WHERE key = ?"
        : "INSERT INTO changes (at, accepted_at, service, app, facts, details, key) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...values,
      key,
    );
  }

  page({ sinceMs, before, limit }: ChangePage): FoundChanges {
    const where = `at >= ? ${before ? "AND (at, key) < (?, ?)" : ""}`;
    const values = before ? [sinceMs, before.atMs, before.key, limit + 1] : [sinceMs, limit + 1];
    const rows = this.#db.all(pageQuery(where, "?"), ...values);
    return cutPage(rows.map(recordOf), Number(rows[0]?.["total"] ?? 0), limit);
  }

  about({ service, app, fromMs, toMs, limit }: ChangesAbout): readonly ChangeRecord[] {
    const having = (column: "service" | "app", value: string | undefined): ChangeRecord[] =>
      value === undefined
        ? []
        : this.#db
            .all(
              `SELECT key, accepted_at, facts FROM changes WHERE ${column} = ? AND at BETWEEN ? AND ? ORDER BY at DESC LIMIT ?`,
              value,
              fromMs,
              toMs,
              limit,
            )
            .map(recordOf);
    return [...having("service", service), ...having("app", app)];
  }

  forget(acceptedBeforeMs: number, limit: number): number {
    return this.#db.run(
      "DELETE FROM changes WHERE key IN (SELECT key FROM changes WHERE accepted_at < ? ORDER BY accepted_at LIMIT ?)",
      acceptedBeforeMs,
      limit,
    ).changes;
  }
}

const recordOf = (row: Row): ChangeRecord => ({
  ...changeInColumns({ facts: text(row["facts"]), details: row["details"] ? text(row["details"]) : null }),
  key: text(row["key"]),
  acceptedAtMs: Number(row["accepted_at"]),
});
