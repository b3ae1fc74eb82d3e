import { type DeliverySettings, LedgerUnavailable, type StateChange } from "@tocsin/core/decisions";
import { BatchFault } from "../../ledger/batch-queue.ts";
import type { ReportChanges } from "../../ledger/commit-notifier.ts";
import type { LedgerClock } from "../../ledger/ledger-clock.ts";
import { LedgerCore } from "../../ledger/ledger-core.ts";
import { checkCompatible } from "./migrate.ts";
import type { MissingRows } from "./missing-rows.ts";
import { type Call, prefetch } from "./prefetch.ts";
import { querySteps } from "./query-steps.ts";
import { ReadSet } from "./read-set.ts";
import { RecentWrites } from "./recent-writes.ts";
import { ReplicaCache } from "./replica-cache.ts";
import type { Row } from "./rows.ts";
import { refuseNewer } from "./schema.ts";
import { type FoundExpired, selectRows } from "./select-rows.ts";
import type { Session, Step } from "./session.ts";
import { type Head, syncReplicaCache } from "./sync-replica-cache.ts";
import { UnitOfWork } from "./unit-of-work.ts";
import { writeHead, writeRows, writeVisit } from "./write-rows.ts";

export interface TransactionRunnerOptions {
  readonly connect: () => Promise<Session>;
  readonly settings: DeliverySettings;
  readonly random: () => number;
  readonly time: LedgerClock;
  /** The time of a test's clock, which replaces the database's; null: the database's. */
  readonly clockMs: () => number | null;
  /** Writers wait for each other. Readers read one snapshot and wait for no writer. */
  readonly mode: "write" | "read";
  /** Identifies this process in the table `writers`. */
  readonly writer: string;
  /** The reader notes expired rows here; the writer deletes them. */
  readonly found: FoundExpired;
  /** A session that is open already. */
  readonly session?: Session;
  /** Called after the commit with changes of state that operators receive. */
  readonly report?: ReportChanges;
  /** Called before the commit of a batch. Returns the statements that notify other replicas. */
  readonly wakesOthers?: (
    calls: readonly Call[],
    answers: readonly unknown[],
    unit: UnitOfWork,
    nowMs: number,
  ) => Step[];
}

/** A batch runs this often at most. Each run asks for fewer rows than the one before, so more runs mean a bug. */
const maxRuns = 1_000;

/** A server that sends nothing for this long is given up, and the statements are sent again on a new connection. */
const silenceMs = 10_000;
/** A change of targets may touch every incident. */
const longSilenceMs = 120_000;

/** A longer wait for the lock means that another replica had it. */
const contendedMs = 4;

/**
 * Transactions that write run one after the other, over the whole ledger, so that each decision sees all earlier ones. The
 * end of the transaction releases the lock.
 */
const lock = "SELECT pg_advisory_xact_lock(hashtext('tocsin ledger'), 'ledger'::regclass::oid::int)";

const begin = {
  write: { sql: `BEGIN ISOLATION LEVEL READ COMMITTED; ${lock}` },
  read: { sql: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" },
} as const;

/** Set when the commit was sent: the number of its transaction, and the answers that it would confirm. */
interface Progress {
  sent?: { readonly seq: number; readonly answers: readonly unknown[]; readonly changes: readonly StateChange[] };
}

/** The outcome of a commit is asked for this long. A server that restarts, or a standby that takes over, answers by then. */
const maxDoubtMs = 20_000;
const doubtEveryMs = 200;

/** An operation threw; the database did not fail. */
class OperationError extends Error {}

/**
 * Runs batches of operations, each batch in one transaction on one connection. The operations are synchronous, so rows are
 * read before they run, and the batch runs again if it needed rows that were not read:
 *
 *     begin(): wait for the lock, if other replicas had it last time
 *        │
 *        ▼
 *     send at once: BEGIN + lock · changed rows of ReplicaCache · rows that the calls surely need (prefetch) ──► ReadSet
 *        │
 *        ▼
 *     run the calls on LedgerCore over a new UnitOfWork  ◄──────────────────────────┐
 *        │                                                                         │
 *        ├─ rows were missing ──► discard the run, select them into the ReadSet ───┘
 *        ├─ a call threw ──► ROLLBACK ──► BatchFault: the queue runs each call alone
 *        ▼
 *     send at once: changed rows · head of the ledger · NOTIFY · COMMIT
 *        │
 *        ├─ connection lost before COMMIT was sent ──► run once more on a new connection
 *        ├─ connection lost after it ──► ask the table `writers` whether it was committed
 *        ▼
 *     ReplicaCache and RecentWrites take over what was written ──► report changes ──► answers
 */
export class TransactionRunner {
  readonly #options: TransactionRunnerOptions;
  readonly #cache = new ReplicaCache();
  readonly #recentWrites = new RecentWrites();
  #session: Session | undefined;
  /** How many rows of each lane to read at first. */
  #perLane = 8;
  /** Another replica had the lock when this one last requested it. */
  #contended = false;
  /** The session whose transaction has begun, and has the lock, before the batch is known. */
  #begunOn: Session | undefined;

  constructor(options: TransactionRunnerOptions) {
    this.#options = options;
    this.#session = options.session;
  }

  /**
   * If another replica had the lock last time, waits for it now, so that calls that arrive during the wait belong to the same
   * batch. Otherwise the lock is requested together with the first rows, which saves a round trip.
   *
   * @throws LedgerUnavailable if the lock cannot be had
   */
  async begin(): Promise<void> {
    const session = this.#session;
    if (!this.#contended || !session || session.broken) return;
    try {
      await session.run([this.#beginStep()], silenceMs);
      this.#begunOn = session;
    } catch (error) {
      await this.#undo(session);
      // A new connection may work.
      if (session.broken) return;
      this.#options.time.failed();
      throw unavailable(error);
    }
  }

  #beginStep(): Step {
    const askedAtMs = performance.now();
    const answered = () =>
      (this.#contended = this.#options.mode === "write" && performance.now() - askedAtMs > contendedMs);
    return { ...begin[this.#options.mode], answered };
  }

  /**
   * Resolves after the commit with the answers, in order. An Error replaces the answer of an operation that failed alone.
   *
   * @throws LedgerUnavailable if nothing was done, or it is unknown whether it was
   */
  async run(calls: readonly Call[]): Promise<readonly unknown[] | BatchFault<Call>> {
    try {
      return await this.#attempt(calls);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const cause = error.cause as Error;
      return calls.length === 1 ? [cause] : new BatchFault(calls, cause);
    }
  }

  async #attempt(calls: readonly Call[], again = true): Promise<readonly unknown[]> {
    const session = await this.#connected();
    const progress: Progress = {};
    try {
      return await this.#transact(session, calls, progress);
    } catch (error) {
      await this.#undo(session);
      if (error instanceof OperationError) throw error;
      if (madeForOtherTables(error)) session.close(error as Error);
      // A connection that was cut reports it only now.
      const { sent } = progress;
      const wasDone = session.broken !== undefined && sent !== undefined && (await this.#wasDone(sent.seq));
      if (wasDone) {
        this.#report(sent.changes);
        return sent.answers;
      }
      if (again && session.broken) return this.#attempt(calls, false);
      this.#options.time.failed();
      throw unavailable(error);
    }
  }

  /**
   * Whether a commit took effect whose answer was lost. Asked under the lock: as soon as this session has it, the lost
   * transaction is over, either way.
   *
   * @throws LedgerUnavailable if no server answers in time; the outcome is then unknown
   */
  async #wasDone(seq: number): Promise<boolean> {
    const deadlineMs = performance.now() + maxDoubtMs;
    for (;;) {
      let last = 0;
      try {
        const session = await this.#connected();
        const take = ([row]: readonly Row[]): void => void (last = Number(row?.["seq"] ?? 0));
        const asked = { sql: "SELECT seq FROM writers WHERE id = $1", values: [this.#options.writer], take };
        await session.run([begin.write, asked, { sql: "COMMIT" }], silenceMs);
        return last === seq;
      } catch (error) {
        if (this.#session) await this.#undo(this.#session);
        if (performance.now() > deadlineMs) throw unavailable(error);
        await new Promise((resolve) => setTimeout(resolve, doubtEveryMs));
      }
    }
  }

  async #transact(session: Session, calls: readonly Call[], progress: Progress): Promise<readonly unknown[]> {
    const { mode, time, found } = this.#options;
    const cache = this.#cache;
    const readSet = new ReadSet();
    const clockMs = this.#options.clockMs();
    const patienceMs = calls.some(([operation]) => operation === "useTargets") ? longSilenceMs : silenceMs;
    const patient: Step[] =
      patienceMs > silenceMs
        ? [
            { sql: `SET LOCAL statement_timeout = ${patienceMs}` },
            { sql: `SET LOCAL idle_in_transaction_session_timeout = ${patienceMs}` },
          ]
        : [];
    const { steps, head } = syncReplicaCache(cache, clockMs);
    const context = {
      readSet,
      cache,
      recentWrites: this.#recentWrites,
      nowMs: null,
      clockMs,
      forgetting: { found, locked: mode === "write" },
    };
    const begun = this.#begunOn === session;
    this.#begunOn = undefined;
    const first = this.#prefetch(calls);
    await session.run(
      [
        ...(begun ? [] : [this.#beginStep()]),
        ...patient,
        ...steps,
        ...selectRows(first, context),
        ...querySteps(first.queries.values(), context),
      ],
      patienceMs,
    );
    // The tables may have been changed since this session began.
    refuseNewer(head.compatibleFrom);
    const nowMs = time.after(head);
    for (let runs = 0; runs < maxRuns; runs++) {
      const unit = new UnitOfWork({ readSet, cache, lastId: head.lastId, perLane: this.#perLane });
      const run = this.#run(unit, calls, head, nowMs);
      if (unit.missing.any) {
        const later = { ...context, nowMs };
        const more = [...selectRows(unit.missing, later), ...querySteps(unit.missing.queries.values(), later)];
        await session.run(more, patienceMs);
        continue;
      }
      if ("fault" in run) throw new OperationError("an operation failed", { cause: run.fault });
      this.#learn(calls, run.answers);
      const { answers, changes } = run;
      await this.#commit(session, { calls, unit, head: run.head, answers, changes, nowMs, patienceMs, progress });
      time.committed(nowMs);
      this.#report(changes);
      return answers;
    }
    throw new Error("the ledger's operations never had enough rows to run");
  }

  #prefetch(calls: readonly Call[]): MissingRows {
    try {
      return prefetch(calls, this.#perLane);
    } catch (fault) {
      throw new OperationError("an operation's arguments cannot be read", { cause: fault });
    }
  }

  #run(unit: UnitOfWork, calls: readonly Call[], head: Head, nowMs: number) {
    const { settings, random, time } = this.#options;
    const changes: StateChange[] = [];
    let token = head.lastToken;
    try {
      const core = new LedgerCore(unit, {
        settings,
        random,
        nowMs,
        startedAtMs: time.startedAtMs,
        soleOwner: false,
        nextToken: () => ++token,
        onStateChange: (change) => changes.push(change),
      });
      const answers: unknown[] = [];
      for (const [index, [operation, args, untilMs = Number.POSITIVE_INFINITY]] of leasesLast(calls))
        answers[index] =
          performance.now() > untilMs
            ? new LedgerUnavailable("it was requested too long ago")
            : (core[operation] as (...args: readonly unknown[]) => unknown).apply(core, [...args]);
      return { answers, changes, head: { ...head, lastToken: token, lastId: unit.lastId } };
    } catch (fault) {
      return { fault };
    }
  }

  async #commit(
    session: Session,
    o: {
      readonly calls: readonly Call[];
      readonly unit: UnitOfWork;
      readonly head: Head;
      readonly answers: readonly unknown[];
      readonly changes: readonly StateChange[];
      readonly nowMs: number;
      readonly patienceMs: number;
      readonly progress: Progress;
    },
  ): Promise<void> {
    const commit: Step = { sql: "COMMIT" };
    if (this.#options.mode === "read") return session.run([commit], o.patienceMs);
    const { steps, cacheChanges } = writeRows(o.unit, this.#cache, o.head);
    const wakes = this.#options.wakesOthers?.(o.calls, o.answers, o.unit, o.nowMs) ?? [];
    if (steps.length === 0) return session.run([...wakes, commit], o.patienceMs);
    const seq = o.head.seq + 1;
    const endpointsSeq = cacheChanges.endpoints ? seq : o.head.endpointsSeq;
    const head = { ...o.head, seq, endpointsSeq, timeMs: o.nowMs };
    o.progress.sent = { seq, answers: o.answers, changes: o.changes };
    let transaction = "";
    const written = writeHead(head, this.#options.writer, (id) => (transaction = id));
    await session.run([...steps, ...written, ...wakes, commit], o.patienceMs);
    this.#recentWrites.wrote(transaction, o.unit);
    this.#cache.take(cacheChanges);
    this.#cache.seq = seq;
    this.#cache.endpointsSeq = endpointsSeq;
  }

  #report(changes: readonly StateChange[]): void {
    if (changes.length > 0) this.#options.report?.(changes);
  }

  /** The next lease will need about as many rows as this one took. */
  #learn(calls: readonly Call[], answers: readonly unknown[]): void {
    for (const [index, [operation]] of calls.entries())
      if (operation === "leaseDue") {
        const taken = (answers[index] as { leases: readonly unknown[] }).leases.length;
        this.#perLane = Math.max(8, taken + (taken >> 1));
      }
  }

  async #connected(): Promise<Session> {
    if (this.#session && !this.#session.broken) return this.#session;
    try {
      const session = await this.#options.connect();
      await this.#begin(session).catch((error: Error) => {
        session.close(error);
        throw error;
      });
      this.#recentWrites.clear();
      return (this.#session = session);
    } catch (error) {
      throw unavailable(error);
    }
  }

  /**
   * After a crash, a server shows what it kept of commits that it never confirmed, and that its standby may not have. So a
   * writer writes first. Once that is committed, all that it can see is committed too, on every server that must have it.
   */
  async #begin(session: Session): Promise<void> {
    await checkCompatible(session, silenceMs);
    if (this.#options.mode === "write") await session.run([writeVisit(this.#options.writer)], silenceMs);
  }

  /** Rolls the transaction back, or closes the connection if that fails. */
  async #undo(session: Session): Promise<void> {
    if (session.broken) return;
    await session.run([{ sql: "ROLLBACK" }], 1_000).catch((error: Error) => session.close(error));
  }

  async close(): Promise<void> {
    await this.#session?.end();
  }
}

/**
 * The calls with their places, in the order in which they run: leases come last, so that a replica leases what the same batch records.
 * Otherwise these alerts would wait for the next holder of the lock, and that replica would have to read what this one wrote.
 * An owner that stops releases its leases after its last request for some, so a batch with a release keeps its order.
 */
function leasesLast(calls: readonly Call[]): (readonly [place: number, call: Call])[] {
  const placed = calls.map((call, index) => [index, call] as const);
  if (calls.some(([operation]) => operation === "release")) return placed;
  return [...placed.filter((one) => !isLease(one)), ...placed.filter(isLease)];
}

const isLease = ([, [operation]]: readonly [place: number, call: Call]): boolean => operation === "leaseDue";

/** "cached plan must not change result type", "undefined column", "undefined table": a newer replica has migrated the tables. */
const otherTables: ReadonlySet<unknown> = new Set(["0A000", "42703", "42P01"]);

/** A new session plans its statements again, and checks whether this version may use these tables at all. */
const madeForOtherTables = (error: unknown): boolean => otherTables.has((error as { code?: unknown } | null)?.code);

const unavailable = (error: unknown): LedgerUnavailable =>
  error instanceof LedgerUnavailable
    ? error
    : new LedgerUnavailable(`PostgreSQL: ${error instanceof Error && error.message ? error.message : String(error)}`, {
        cause: error,
      });
