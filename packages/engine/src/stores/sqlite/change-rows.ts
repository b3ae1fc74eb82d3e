import type { ChangePage, ChangeRecord, ChangesAbout } from "../../ledger/store.ts";
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

  put(before: ChangeRecord | undefined, { key, change, alert, acceptedAtMs }: ChangeRecord): void {
    const { service, app } = change.labels;
    const values = [
      change.timestampMs,
      acceptedAtMs,
      service || null,
      app || null,
      JSON.stringify({ change, alert }),
    ] as const;
    this.#db.run(
      before
        ? "UPDATE changes SET at = ?, accepted_at = ?, service = ?, app = ?, facts = ? WHERE key = ?"
        : "INSERT INTO changes (at, accepted_at, service, app, facts, key) VALUES (?, ?, ?, ?, ?, ?)",
      ...values,
      key,
    );
  }

  page({ sinceMs, before, limit }: ChangePage): readonly ChangeRecord[] {
    const after = before ? "AND (at, key) < (?, ?)" : "";
    const values = before ? [sinceMs, before.atMs, before.key, limit] : [sinceMs, limit];
    return this.#db
      .all(`SELECT * FROM changes WHERE at >= ? ${after} ORDER BY at DESC, key DESC LIMIT ?`, ...values)
      .map(recordOf);
  }

  about({ service, app, fromMs, toMs, limit }: ChangesAbout): readonly ChangeRecord[] {
    const having = (column: "service" | "app", value: string | undefined): ChangeRecord[] =>
      value === undefined
        ? []
        : this.#db
            .all(
              `SELECT * FROM changes WHERE ${column} = ? AND at BETWEEN ? AND ? ORDER BY at DESC LIMIT ?`,
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
  ...(JSON.parse(text(row["facts"])) as Pick<ChangeRecord, "change" | "alert">),
  key: text(row["key"]),
  acceptedAtMs: Number(row["accepted_at"]),
});
