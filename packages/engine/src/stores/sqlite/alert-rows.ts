import type { RowCounts } from "../../ledger/row-counts.ts";
import type { AlertRecord, FiringAlerts } from "../../ledger/store.ts";
import { type Database, instant, type Row, text } from "./database.ts";
import { RowCache } from "./row-cache.ts";
import { EarliestDueCache } from "./earliest-due-cache.ts";

/** Total length of the JSON of cached alerts: about two thousand typical ones, enough while they are recorded and sent. */
const maxCachedLength = 2_500_000;

/** The tables `alerts` and `silent`. */
export class AlertRows {
  readonly #db: Database;
  readonly #counts: RowCounts;
  readonly #cache = new RowCache<string, AlertRecord>(maxCachedLength);
  readonly #nextLook = new EarliestDueCache(() =>
    instant(this.#db.get("SELECT min(look_at) AS at FROM alerts WHERE look_at IS NOT NULL")?.["at"] ?? null),
  );

  constructor(db: Database, counts: RowCounts) {
    this.#db = db;
    this.#counts = counts;
  }

  /** Clears what memory keeps, after a rollback. */
  reload(): void {
    this.#cache.clear();
    this.#nextLook.forget();
  }

  get(fingerprint: string): AlertRecord | undefined {
    const recent = this.#cache.get(fingerprint);
    if (recent) return recent;
    const row = this.#db.get("SELECT * FROM alerts WHERE fingerprint = ?", fingerprint);
    return row && recordOf(row);
  }

  put(before: AlertRecord | undefined, after: AlertRecord): void {
    const { fingerprint, status, lookAtMs, confirmedAtMs } = after;
    const { claims, incidents, routes, silent, shown, classification, startsAtMs, firstSeenAtMs } = after;
    const facts = JSON.stringify({
      claims,
      incidents,
      startsAtMs,
      firstSeenAtMs,
      ...(routes.length > 0 && { routes }),
      ...(silent.length > 0 && { silent }),
      ...(shown && { shown }),
      ...(classification && { classification }),
    });
    if (before && before.content === after.content)
      this.#db.run(
        "UPDATE alerts SET status = ?, look_at = ?, confirmed_at = ?, facts = ? WHERE fingerprint = ?",
        status,
        lookAtMs,
        confirmedAtMs,
        facts,
        fingerprint,
      );
    else
      this.#db.run(
        before
          ? "UPDATE alerts SET status = ?, look_at = ?, confirmed_at = ?, content = ?, facts = ? WHERE fingerprint = ?"
          : "INSERT INTO alerts (status, look_at, confirmed_at, content, facts, fingerprint) VALUES (?, ?, ?, ?, ?, ?)",
        status,
        lookAtMs,
        confirmedAtMs,
        after.content,
        facts,
        fingerprint,
      );
    this.#nextLook.wrote(lookAtMs);
    this.#cache.set(fingerprint, after, after.content.length + facts.length);
    if (before?.status !== status) {
      if (before) this.#counts.addAlert(before.status, -1);
      this.#counts.addAlert(status, 1);
    }
    this.#putSilent(fingerprint, before?.silent ?? [], silent);
  }

  #putSilent(fingerprint: string, before: readonly string[], after: readonly string[]): void {
    for (const source of before)
      if (!after.includes(source))
        this.#db.run("DELETE FROM silent WHERE source = ? AND fingerprint = ?", source, fingerprint);
    for (const source of after)
      if (!before.includes(source))
        this.#db.run("INSERT OR IGNORE INTO silent (source, fingerprint) VALUES (?, ?)", source, fingerprint);
  }

  toLookAt(nowMs: number, limit: number): readonly AlertRecord[] {
    if (!this.#nextLook.mayHaveCome(nowMs)) return [];
    return this.#db.all("SELECT * FROM alerts WHERE look_at <= ? ORDER BY look_at LIMIT ?", nowMs, limit).map(recordOf);
  }

  nextLookAtMs(): number | null {
    return this.#nextLook.atMs;
  }

  firing({ after = "", prefix = "", heldUntilMs, limit }: FiringAlerts): readonly AlertRecord[] {
    const among = prefix === "" ? "" : "AND fingerprint >= ? AND fingerprint < ?";
    const pageOf = (which: string): string =>
      `SELECT * FROM (SELECT * FROM alerts ${which} AND id > ifnull((SELECT id FROM alerts WHERE fingerprint = ?), 0) ${among}
       ORDER BY id LIMIT ?)`;
    const firing = pageOf("WHERE status = 'firing'");
    // Few alerts are held and many are resolved. Without the hint, SQLite would read all resolved ones in order of `id`.
    const held = pageOf("INDEXED BY alerts_look_at WHERE status = 'resolved' AND look_at <= ?");
    // Without numbered parameters (`?1`), which Node 22.18 does not bind.
    const values = [after, ...(prefix === "" ? [] : [prefix, `${prefix}\u{10ffff}`]), limit];
    const rows =
      heldUntilMs === undefined
        ? this.#db.all(firing, ...values)
        : this.#db.all(`${firing} UNION ALL ${held} ORDER BY id LIMIT ?`, ...values, heldUntilMs, ...values, limit);
    return rows.map(recordOf);
  }

  byFingerprint(after: string, limit: number): readonly AlertRecord[] {
    return this.#db
      .all("SELECT * FROM alerts WHERE fingerprint > ? ORDER BY fingerprint LIMIT ?", after, limit)
      .map(recordOf);
  }

  silent(source: string): readonly string[] {
    return this.#db
      .all("SELECT fingerprint FROM silent WHERE source = ?", source)
      .map((row) => text(row["fingerprint"]));
  }

  /** Deletes resolved alerts that no incident refers to any more. */
  forget(beforeMs: number, limit: number): number {
    const gone = this.#db.all(
      `DELETE FROM alerts WHERE fingerprint IN (SELECT fingerprint FROM alerts a WHERE status = 'resolved' AND confirmed_at < ?
       AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.dedup_key = a.fingerprint)
       AND NOT EXISTS (SELECT 1 FROM members m WHERE m.fingerprint = a.fingerprint) LIMIT ?) RETURNING fingerprint`,
      beforeMs,
      limit,
    );
    for (const row of gone) {
      this.#cache.delete(text(row["fingerprint"]));
      this.#counts.addAlert("resolved", -1);
    }
    return gone.length;
  }
}

const none: readonly never[] = [];

function recordOf(row: Row): AlertRecord {
  type Facts = Pick<AlertRecord, "claims" | "incidents" | "startsAtMs" | "firstSeenAtMs"> &
    Partial<Pick<AlertRecord, "routes" | "silent" | "shown" | "classification">>;
  const { routes = none, silent = none, ...facts } = JSON.parse(text(row["facts"])) as Facts;
  return {
    ...facts,
    routes,
    silent,
    fingerprint: text(row["fingerprint"]),
    content: text(row["content"]),
    status: text(row["status"]) as AlertRecord["status"],
    lookAtMs: instant(row["look_at"]),
    confirmedAtMs: Number(row["confirmed_at"]),
  };
}
