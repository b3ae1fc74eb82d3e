import type { DeadLetter, DeadLetterFilter, HistoryEntry, LedgerStats } from "@tocsin/core/decisions";
import { type Database, instant, type Row, text } from "./database.ts";

/** The tables `history` and `dead_letters`, which only people read. */
export class DeadLetterRows {
  readonly #db: Database;
  #historyNumber: number;

  constructor(db: Database, firstHistoryNumber: number) {
    this.#db = db;
    this.#historyNumber = firstHistoryNumber;
  }

  addHistory({ incident, atMs, what, detail }: HistoryEntry): void {
    this.#db.run(
      "INSERT INTO history (incident, at, n, what, detail) VALUES (?, ?, ?, ?, ?)",
      incident,
      atMs,
      ++this.#historyNumber,
      what,
      detail ?? null,
    );
  }

  history(incident: number): readonly HistoryEntry[] {
    return this.#db.all("SELECT * FROM history WHERE incident = ? ORDER BY at, n", incident).map((row) => ({
      incident,
      atMs: Number(row["at"]),
      what: text(row["what"]),
      ...(row["detail"] === null ? {} : { detail: text(row["detail"]) }),
    }));
  }

  add(letter: Omit<DeadLetter, "id">): void {
    this.#db.run(
      "INSERT INTO dead_letters (at, target, reason, replayed_at, facts) VALUES (?, ?, ?, ?, ?)",
      letter.atMs,
      letter.target,
      letter.reason,
      letter.replayedAtMs,
      JSON.stringify(letter),
    );
  }

  list(limit: number, before: number, filter: DeadLetterFilter = {}): readonly DeadLetter[] {
    const { target, reason, beforeMs, replayed } = filter;
    const where = ["id < ?"];
    const values: (string | number)[] = [before];
    const add = (condition: string, value: string | number): void => {
      where.push(condition);
      values.push(value);
    };
    if (target !== undefined) add("target = ?", target);
    if (reason !== undefined) add("reason = ?", reason);
    if (beforeMs !== undefined) add("at < ?", beforeMs);
    if (replayed !== undefined) where.push(`replayed_at IS ${replayed ? "NOT NULL" : "NULL"}`);
    return this.#db
      .all(`SELECT * FROM dead_letters WHERE ${where.join(" AND ")} ORDER BY id DESC LIMIT ?`, ...values, limit)
      .map(letterOf);
  }

  get(id: number): DeadLetter | undefined {
    const row = this.#db.get("SELECT * FROM dead_letters WHERE id = ?", id);
    return row && letterOf(row);
  }

  markReplayed(id: number, atMs: number): void {
    this.#db.run("UPDATE dead_letters SET replayed_at = ? WHERE id = ?", atMs, id);
  }

  drop(id: number): boolean {
    return this.#db.run("DELETE FROM dead_letters WHERE id = ?", id).changes > 0;
  }

  counts(): LedgerStats["deadLetters"] {
    return this.#db
      .all("SELECT target, reason, count(*) AS n FROM dead_letters GROUP BY target, reason")
      .map((row) => ({
        target: text(row["target"]),
        reason: text(row["reason"]) as DeadLetter["reason"],
        count: Number(row["n"]),
      }));
  }

  forget(beforeMs: number, limit: number): number {
    return this.#db.run(
      "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE at < ? LIMIT ?)",
      beforeMs,
      limit,
    ).changes;
  }
}

function letterOf(row: Row): DeadLetter {
  const letter = JSON.parse(text(row["facts"])) as DeadLetter;
  return { ...letter, id: Number(row["id"]), replayedAtMs: instant(row["replayed_at"]) };
}
