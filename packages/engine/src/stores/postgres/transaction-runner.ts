import { type DeliverySettings, LedgerUnavailable, type StateChange } from "@tocsin/core/decisions";
import { LedgerCore } from "../../ledger/ledger-core.ts";
import { querySteps } from "./query-steps.ts";
import { ReadSet } from "./read-set.ts";
import { UnitOfWork } from "./unit-of-work.ts";
import { type Call, prefetch } from "./prefetch.ts";
import type { LedgerTime } from "./ledger-clock.ts";
import { checkCompatible } from "./migrate.ts";
import { ReplicaCache } from "./replica-cache.ts";
import { type Head, syncReplicaCache } from "./sync-replica-cache.ts";
import { type FoundExpired, selectRows } from "./select-rows.ts";
import { RecentWrites } from "./recent-writes.ts";
import type { Row } from "./rows.ts";
import { refuseNewer } from "./schema.ts";
import type { ReportChanges } from "../../ledger/commit-notifier.ts";
import type { Session, Step } from "./session.ts";
import { writeHead, writeRows, writeVisit } from "./write-rows.ts";

export interface TransactionRunnerOptions {
  readonly connect: () => Promise<Session>;
  readonly settings: DeliverySettings;
  readonly random: () => number;
  readonly time: LedgerTime;
  /** Writers wait for each other; readers see one instant, and wait for nobody. */
  readonly mode: "write" | "read";
  /** Names this process among those that write. */
  readonly writer: string;
  /** Readers say there what is over; writers forget it. */
  readonly found: FoundExpired;
  /** One that is open already. */
  readonly session?: Session;
  /** Takes changes of state that operators are told of, once they are committed. */
  readonly report?: ReportChanges;
  /** Asked before the commit of a group: whether other replicas should look what is due. */
  readonly wakesOthers?: (
    calls: readonly Call[],
    answers: readonly unknown[],
    unit: UnitOfWork,
    nowMs: number,
  ) => Step[];
}

/** Runs of one group after which something is wrong with us: each asks for less than the one before. */
const maxRuns = 1_000;

/** A server that says nothing for so long is given up; what it was asked is asked again elsewhere. */
const silenceMs = 10_000;
/** A change of targets may touch every incident. */
const longSilenceMs = 120_000;

/** Who waits longer for the lock waits for others. */
const contendedMs = 4;

/** One after another, over the whole ledger: decisions then see what all others decided. Freed with the transaction. */
const lock = "SELECT pg_advisory_xact_lock(hashtext('tocsin ledger'), 'ledger'::regclass::oid::int)";

const begin = {
  write: { sql: `BEGIN ISOLATION LEVEL READ COMMITTED; ${lock}` },
  read: { sql: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" },
} as const;

/** Set when the commit was sent: what it would be, and what was to be answered. */
interface Progress {
  sent?: { readonly seq: number; readonly answers: readonly unknown[]; readonly changes: readonly StateChange[] };
}

/** So long the fate of a commit is asked for: a server that restarts, or a standby that takes over, is there by then. */
const maxDoubtMs = 20_000;
const doubtEveryMs = 200;

/** The operations failed, not the database. */
class Fault extends Error {}

/** Runs groups of operations, each group in one transaction on one connection. */
export class TransactionRunner {
  readonly #options: TransactionRunnerOptions;
  readonly #cache = new ReplicaCache();
  readonly #recentWrites = new RecentWrites();
  #session: Session | undefined;
  #perLane = 8;
  /** Others had the lock when it was asked for last. */
  #contended = false;
  /** Where the lock was had by itself. */
  #begunOn: Session | undefined;

  constructor(options: TransactionRunnerOptions) {
    this.#options = options;
    this.#session = options.session;
  }

  /**
   * Waits for the lock, where others were seen to have it: what is asked meanwhile is of the same group then. Else it is asked
   * for together with what is read.
   *
   * @throws LedgerUnavailable where it was not to be had
   */
  async begin(): Promise<void> {
    const session = this.#session;
    if (!this.#contended || !session || session.broken) return;
    try {
      await session.run([this.#beginStep()], silenceMs);
      this.#begunOn = session;
    } catch (error) {
      await this.#undo(session);
      // A new connection may do better.
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
   * The answers, in order; an Error in place of the answer of an operation that failed by itself.
   *
   * @throws LedgerUnavailable where nothing was done, or nobody knows whether it was
   */
  async run(calls: readonly Call[]): Promise<readonly unknown[]> {
    try {
      return await this.#attempt(calls);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // One operation's fault is not the others': each gets a transaction of its own.
      if (calls.length === 1) return [error.cause];
      const answers: unknown[] = [];
      for (const call of calls) answers.push(...(await this.run([call])));
      return answers;
    }
  }

  async #attempt(calls: readonly Call[], again = true): Promise<readonly unknown[]> {
    const session = await this.#connected();
    const progress: Progress = {};
    try {
      return await this.#transact(session, calls, progress);
    } catch (error) {
      await this.#undo(session);
      if (error instanceof Fault) throw error;
      if (madeForOtherTables(error)) session.close(error as Error);
      // A connection that was cut says so only now.
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
   * What became of a commit whose answer was lost. Whoever has the lock knows that it is over, either way.
   *
   * @throws LedgerUnavailable where nobody can be asked: it is unknown then
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
    const { clockMs } = time;
    const patienceMs = calls.some(([operation]) => operation === "useTargets") ? longSilenceMs : silenceMs;
    const patient: Step[] =
      patienceMs > silenceMs
        ? [
            { sql: `SET LOCAL statement_timeout = ${patienceMs}` },
            { sql: `SET LOCAL idle_in_transaction_session_timeout = ${patienceMs}` },
          ]
        : [];
    const { steps, head } = syncReplicaCache(cache, clockMs);
    const first = prefetch(calls, this.#perLane);
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
    await session.run(
      [
        ...(begun ? [] : [this.#beginStep()]),
        ...patient,
        ...steps,
        ...selectRows(first, context),
        ...querySteps(first.questions.values(), context),
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
        const more = [...selectRows(unit.missing, later), ...querySteps(unit.missing.questions.values(), later)];
        await session.run(more, patienceMs);
        continue;
      }
      if ("fault" in run) throw new Fault("an operation failed", { cause: run.fault });
      this.#learn(calls, run.answers);
      const { answers, changes } = run;
      await this.#commit(session, { calls, unit, head: run.head, answers, changes, nowMs, patienceMs, progress });
      time.passed(nowMs);
      this.#report(changes);
      return answers;
    }
    throw new Error("the ledger's operations never had enough to read");
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
      const answers = calls.map(([operation, args, untilMs = Number.POSITIVE_INFINITY]) =>
        performance.now() > untilMs
          ? new LedgerUnavailable("it was asked for too long ago")
          : (core[operation] as (...args: readonly unknown[]) => unknown).apply(core, [...args]),
      );
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

  /** What a claim took is what the next one will want to have read. */
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
   * A server that crashed shows what it kept of commits which nobody was told of, and which its standby may not have. So a writer
   * first writes: once that is committed, so is all that it can see, wherever commits must be.
   */
  async #begin(session: Session): Promise<void> {
    await checkCompatible(session, silenceMs);
    if (this.#options.mode === "write") await session.run([writeVisit(this.#options.writer)], silenceMs);
  }

  /** Leaves the connection as it was, or leaves it. */
  async #undo(session: Session): Promise<void> {
    if (session.broken) return;
    await session.run([{ sql: "ROLLBACK" }], 1_000).catch((error: Error) => session.close(error));
  }

  async close(): Promise<void> {
    await this.#session?.end();
  }
}

/** "cached plan must not change result type", "undefined column", "undefined table": a newer replica has changed the tables. */
const otherTables: ReadonlySet<unknown> = new Set(["0A000", "42703", "42P01"]);

/** A new session plans its statements anew, and says whether we may work on these tables at all. */
const madeForOtherTables = (error: unknown): boolean => otherTables.has((error as { code?: unknown } | null)?.code);

const unavailable = (error: unknown): LedgerUnavailable =>
  error instanceof LedgerUnavailable
    ? error
    : new LedgerUnavailable(`PostgreSQL: ${error instanceof Error && error.message ? error.message : String(error)}`, {
        cause: error,
      });
