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

export interface Failure {
  readonly ok: false;
  /** The database failed, not the operation: the caller may repeat it. */
  readonly unavailable: boolean;
  readonly message: string;
  readonly stack?: string;
}
/** The answer to one call, as it travels between threads. */
export type Answer = { readonly ok: true; readonly value: unknown } | Failure;

/** One call of several threw, so nothing of them was done. Each has to run alone. */
export interface Undone {
  readonly undone: Failure;
  readonly calls: readonly Call[];
}

/** How often the ledger's files are checked. */
const checkFilesEveryMs = 1_000;

/**
 * The answers of these operations promise that something is kept. They are refused if the ledger's files are gone. Deliveries
 * go on, since what was accepted before must still be sent.
 */
const promised: ReadonlySet<Operation> = new Set([
  "record",
  "recordChanges",
  "storeReceiverEvents",
  "applyReceiverEvent",
  "probe",
  "acknowledge",
  "resolve",
]);

/**
 * Runs groups of operations, each group in one transaction, so that all operations that came together share one fsync.
 *
 *     calls ──► files gone? ──► BEGIN ──► each call on LedgerCore ──► COMMIT (fsync) ──► notify watchers ──► answers
 *                   │                           │                        │
 *                   ▼                           └─────── throws ─────────┘
 *          refuse promised calls                           │
 *                                         ROLLBACK, rebuild memory from the rows
 *                                           │                            │
 *                                   database failed,          one of several calls failed
 *                                   or a single call                     │
 *                                           ▼                            ▼
 *                               the failure answers all     Undone: the queue runs each alone
 */
export class GroupCommit {
  readonly #store: SqliteStore;
  readonly #clock: LedgerClock;
  readonly #options: Omit<LedgerCoreOptions, "nowMs" | "soleOwner">;
  readonly #commits: CommitNotifier;
  readonly #guard: FileGuard | undefined;
  #filesCheckedAtMs = 0;
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
    this.#clock = new LedgerClock(clock, { notBeforeMs: Number(this.#store.gate("meta", "time") ?? 0) });
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

  /** An answer for each call, in order. A single call is never `Undone`: its failure is its answer. */
  run(calls: readonly Call[]): Answer[] | Undone {
    const problem = this.#checkFiles(calls);
    if (problem === undefined) return this.#commit(calls);
    const answers = this.#commit(calls.filter(([operation]) => !promised.has(operation)));
    if ("undone" in answers) return { ...answers, calls };
    const refused: Answer = { ok: false, unavailable: true, message: problem };
    return calls.map(([operation]) => (promised.has(operation) ? refused : (answers.shift() ?? refused)));
  }

  /** The problem with the ledger's files, checked once a second and for every probe. */
  #checkFiles(calls: readonly Call[]): string | undefined {
    const nowMs = this.#clock.now();
    const isProbe = calls.some(([operation]) => operation === "probe");
    if (isProbe || nowMs - this.#filesCheckedAtMs >= checkFilesEveryMs) {
      this.#filesCheckedAtMs = nowMs;
      this.#fileProblem = this.#guard?.problem();
    }
    return this.#fileProblem;
  }

  #commit(calls: readonly Call[]): Answer[] | Undone {
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
      return failure.unavailable || calls.length === 1 ? calls.map(() => failure) : { undone: failure, calls };
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

  /** Goes back to the last commit, in the rows and in all that memory keeps of them. */
  #undo(error: unknown): Failure {
    const unavailable = isSqliteError(error);
    const message = error instanceof Error ? error.message : String(error);
    this.#commits.rollback();
    try {
      this.#store.rollback();
      this.#store.begin();
      this.#core = this.#open(false);
      this.#store.commit(this.#clock.now());
    } catch {
      // Still unavailable. Memory may be ahead of the rows, so the next call must rebuild it first.
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

/** Replaces a core whose memory could not be rebuilt: every call fails as unavailable, and then tries to rebuild. */
const brokenBy = (cause: string): LedgerCore =>
  new Proxy({} as LedgerCore, {
    get: () => () => {
      throw Object.assign(new LedgerUnavailable(cause), { code: "ERR_SQLITE_ERROR" });
    },
  });

const isSqliteError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR";
