import { type Clock, type Ledger, LedgerUnavailable, systemClock } from "@tocsin/core/decisions";
import { type LedgerCoreOptions, LedgerCore } from "../../ledger/ledger-core.ts";
import { LedgerClock } from "../../ledger/ledger-clock.ts";
import type { Operation } from "../../ledger/ledger-proxy.ts";
import { CommitNotifier, type ReportChanges } from "../../ledger/commit-notifier.ts";
import { memory } from "./database.ts";
import { FileGuard } from "./ledger-files.ts";
import { SqliteStore } from "./store.ts";

export interface SqliteOptions {
  /** A file, or ":memory:". */
  readonly path: string;
  readonly settings: LedgerCoreOptions["settings"];
}

export type Call = readonly [operation: Operation, args: readonly unknown[]];
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly unavailable: boolean; readonly message: string; readonly stack?: string };

const guardEveryMs = 1_000;

/**
 * Their answers promise that something is kept. Without the ledger's files they are refused; deliveries go on, since what
 * was accepted before must still be sent.
 */
const promised: ReadonlySet<Operation> = new Set(["record", "probe", "acknowledge", "resolve"]);

/** Runs groups of operations, each group in one transaction: one fsync for all that came together. */
export class GroupCommit {
  readonly #store: SqliteStore;
  readonly #clock: LedgerClock;
  readonly #options: Omit<LedgerCoreOptions, "nowMs" | "soleOwner">;
  readonly #commits: CommitNotifier;
  readonly #guard: FileGuard | undefined;
  #guardedAtMs = 0;
  #fileProblem: string | undefined;
  #core: LedgerCore;

  constructor(
    options: SqliteOptions,
    {
      clock = systemClock,
      random = Math.random,
      report,
    }: { readonly clock?: Clock; readonly random?: () => number; readonly report?: ReportChanges } = {},
  ) {
    this.#commits = new CommitNotifier(report);
    this.#store = new SqliteStore(options.path);
    this.#clock = new LedgerClock(clock, Number(this.#store.gate("meta", "time") ?? 0));
    this.#options = {
      settings: options.settings,
      random,
      startedAtMs: this.#clock.now(),
      onIncidentStored: this.#commits.addIncident,
      onStateChange: this.#commits.addStateChange,
    };
    this.#store.begin();
    this.#core = this.#open(true);
    this.#store.commit(this.#clock.now());
    this.#guard = options.path === memory ? undefined : new FileGuard(options.path);
  }

  #open(soleOwner: boolean): LedgerCore {
    return new LedgerCore(this.#store, { ...this.#options, nowMs: this.#clock.now(), soleOwner });
  }

  run(calls: readonly Call[]): Answer[] {
    const problem = this.#problem(calls);
    if (problem === undefined) return this.#commit(calls);
    const answers = this.#commit(calls.filter(([operation]) => !promised.has(operation)));
    const refused: Answer = { ok: false, unavailable: true, message: problem };
    return calls.map(([operation]) => (promised.has(operation) ? refused : (answers.shift() ?? refused)));
  }

  /** Of the ledger's files, looked at once a second. */
  #problem(calls: readonly Call[]): string | undefined {
    const nowMs = this.#clock.now();
    const isProbe = calls.some(([operation]) => operation === "probe");
    if (isProbe || nowMs - this.#guardedAtMs >= guardEveryMs) {
      this.#guardedAtMs = nowMs;
      this.#fileProblem = this.#guard?.problem();
    }
    return this.#fileProblem;
  }

  #commit(calls: readonly Call[]): Answer[] {
    if (calls.length === 0) return [];
    const nowMs = this.#clock.now();
    let answers: Answer[];
    try {
      this.#store.begin();
      this.#core.at(nowMs);
      answers = calls.map((call) => ({ ok: true, value: this.#call(call) }));
      this.#store.commit(nowMs);
    } catch (error) {
      const failure = this.#undo(error);
      // One operation's fault is not the others': each gets a transaction of its own.
      if (failure.ok || failure.unavailable || calls.length === 1) return calls.map(() => failure);
      return calls.flatMap((call) => this.#commit([call]));
    }
    this.#commits.commit();
    return answers;
  }

  /** As `Ledger.watch`. */
  get watch(): Ledger["watch"] {
    return this.#commits.watchers.watch;
  }

  #call([operation, args]: Call): unknown {
    return (this.#core[operation] as (...args: readonly unknown[]) => unknown).apply(this.#core, [...args]);
  }

  /** Back to the last commit, in the rows and in what is read through in memory. */
  #undo(error: unknown): Answer {
    const unavailable = isSqliteError(error);
    const message = error instanceof Error ? error.message : String(error);
    this.#commits.rollback();
    try {
      this.#store.rollback();
      this.#store.begin();
      this.#core = this.#open(false);
      this.#store.commit(this.#clock.now());
    } catch {
      // Still unavailable. What is in memory may be ahead of the rows, so the next call must rebuild it first.
      this.#core = brokenBy(message);
    }
    return {
      ok: false,
      unavailable,
      message,
      ...(error instanceof Error && error.stack ? { stack: error.stack } : {}),
    };
  }

  backup(file: string): Promise<void> {
    return this.#store.backup(file);
  }

  close(): void {
    this.#store.close();
  }
}

/** Stands where memory could not be rebuilt; every call fails as unavailable, and then tries to rebuild. */
const brokenBy = (cause: string): LedgerCore =>
  new Proxy({} as LedgerCore, {
    get: () => () => {
      throw Object.assign(new LedgerUnavailable(cause), { code: "ERR_SQLITE_ERROR" });
    },
  });

const isSqliteError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
