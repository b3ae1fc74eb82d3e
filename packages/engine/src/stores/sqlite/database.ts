import { closeSync, openSync } from "node:fs";
import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { keptLogBytes, secureLedgerFiles } from "./ledger-files.ts";
import { migrate } from "./migrate.ts";

export type Row = Record<string, unknown>;
type Value = string | number | null;

/** The path of a database in memory, without a file. */
export const memory = ":memory:";

export interface DatabaseOptions {
  /** How long a second process waits for the first one to end before it is refused. @default 5_000 */
  readonly busyTimeoutMs?: number;
}

/**
 * One SQLite file. WAL and `synchronous=FULL` make a commit survive a crash of the machine. The exclusive lock refuses a second
 * process on the same file, whose writes this one would not see.
 */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Statements that return one column. */
  readonly #columns = new Map<string, StatementSync>();
  #written = false;

  /** @throws Error if the file belongs to another process or a newer version */
  constructor(path: string, { busyTimeoutMs = 5_000 }: DatabaseOptions = {}) {
    if (path !== memory) secureLedgerFiles(path);
    this.#db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    try {
      this.#open();
    } catch (error) {
      this.#db.close();
      if (error instanceof Error && /database is locked/.test(error.message))
        throw new Error(`${path} is in use by another process; a SQLite ledger has one owner`, { cause: error });
      throw error;
    }
  }

  #open(): void {
    // The lock also makes the SQLite of Node 22 safe. Before 3.51.3 SQLite may lose data if two connections to one file write at the
    // same moment (https://sqlite.org/wal.html#walresetbug), and the lock permits one connection.
    this.#db.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    this.#db.exec("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192");
    // A checkpoint every 40 MB: pages that change often are then written once, and a start reads at most that much.
    this.#db.exec(`PRAGMA wal_autocheckpoint=10000; PRAGMA journal_size_limit=${keptLogBytes}`);
    // Take the lock now, not at the first write.
    this.#db.exec("BEGIN IMMEDIATE");
    migrate(this.#db);
    this.#db.exec("COMMIT");
  }

  /** Whether something was written since `begin`. */
  get written(): boolean {
    return this.#written;
  }

  begin(): void {
    this.#written = false;
    this.#statement("BEGIN IMMEDIATE").run();
  }

  /** Returns after the fsync. */
  commit(): void {
    this.#statement("COMMIT").run();
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  /** Writes a copy to a new file, in pieces. Other statements run between the pieces, and the copy includes their changes. */
  async backup(file: string): Promise<void> {
    closeSync(openSync(file, "wx", 0o600));
    await backup(this.#db, file);
  }

  close(): void {
    this.#db.close();
  }

  run(sql: string, ...values: Value[]): { readonly changes: number; readonly lastInsertRowid: number } {
    this.#written = true;
    const { changes, lastInsertRowid } = this.#statement(sql).run(...values);
    return { changes: Number(changes), lastInsertRowid: Number(lastInsertRowid) };
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** The values of a statement with one column. A lease reads many rows, and an object for each would cost twice as much. */
  column(sql: string, ...values: Value[]): unknown[] {
    let statement = this.#columns.get(sql);
    if (!statement) {
      this.#columns.set(sql, (statement = this.#db.prepare(sql)));
      statement.setReturnArrays(true);
    }
    return (statement.all(...values) as unknown as [unknown][]).map(([value]) => value);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }
}

/** A TEXT column. */
export const text = (value: unknown): string => value as string;

/** An INTEGER column that may be NULL. */
export const instant = (value: unknown): number | null => (value === null ? null : Number(value));
