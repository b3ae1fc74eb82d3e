import type { ReceiverEvent } from "@tocsin/core/decisions";
import type { ReceiverEventRecord } from "../../ledger/store.ts";
import { type Database, type Row, text } from "./database.ts";

/** The table `receiver_events`. */
export class ReceiverEventRows {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(callback: string, id: string): ReceiverEventRecord | undefined {
    const row = this.#db.get("SELECT * FROM receiver_events WHERE callback = ? AND id = ?", callback, id);
    return row && recordOf(row);
  }

  put({ callback, id, receivedAtMs, pending }: ReceiverEventRecord): void {
    this.#db.run(
      "INSERT OR REPLACE INTO receiver_events (callback, id, received_at, look_up_at, facts) VALUES (?, ?, ?, ?, ?)",
      callback,
      id,
      receivedAtMs,
      pending?.lookUpAtMs ?? null,
      pending ? JSON.stringify(pending.event) : null,
    );
  }

  pending(limit: number): readonly ReceiverEventRecord[] {
    return this.#db
      .all(
        "SELECT * FROM receiver_events WHERE look_up_at IS NOT NULL ORDER BY look_up_at, received_at, id LIMIT ?",
        limit,
      )
      .map(recordOf);
  }

  /** The records after this one, in order of callback and id: to copy them all. */
  page(after: Pick<ReceiverEventRecord, "callback" | "id">, limit: number): readonly ReceiverEventRecord[] {
    return this.#db
      .all(
        "SELECT * FROM receiver_events WHERE (callback, id) > (?, ?) ORDER BY callback, id LIMIT ?",
        after.callback,
        after.id,
        limit,
      )
      .map(recordOf);
  }

  forget(receivedBeforeMs: number, limit: number): number {
    return this.#db.run(
      `DELETE FROM receiver_events WHERE (callback, id) IN (
        SELECT callback, id FROM receiver_events WHERE received_at < ? ORDER BY received_at LIMIT ?)`,
      receivedBeforeMs,
      limit,
    ).changes;
  }
}

const recordOf = (row: Row): ReceiverEventRecord => ({
  callback: text(row["callback"]),
  id: text(row["id"]),
  receivedAtMs: Number(row["received_at"]),
  ...(row["facts"] !== null && {
    pending: { event: JSON.parse(text(row["facts"])) as ReceiverEvent, lookUpAtMs: Number(row["look_up_at"]) },
  }),
});
