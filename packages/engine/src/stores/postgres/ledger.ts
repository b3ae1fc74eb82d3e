import { randomUUID } from "node:crypto";
import {
  type LeaseBatch,
  type Clock,
  type DeliverySettings,
  type Ledger,
  LedgerUnavailable,
} from "@tocsin/core/decisions";
import { systemClock } from "@tocsin/core/decisions";
import { defaultSettings } from "../../config.ts";
import { type Operation, ledgerProxy, type RunOperation } from "../../ledger/ledger-proxy.ts";
import { connect, type PostgresServer } from "./connect.ts";
import type { Call } from "./prefetch.ts";
import { LedgerTime } from "./ledger-clock.ts";
import { Listener } from "./listen.ts";
import { migrate } from "./migrate.ts";
import { Notifier } from "./notify.ts";
import type { ReportChanges } from "../../ledger/commit-notifier.ts";
import type { Session } from "./session.ts";
import { TransactionRunner } from "./transaction-runner.ts";

export interface OpenPostgresOptions {
  readonly server: PostgresServer;
  readonly settings?: DeliverySettings;
  /** A test's time in place of the database's. */
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Another replica says that something is due. */
  readonly wake?: () => void;
  /** Takes changes of state that operators are told of. */
  readonly report?: ReportChanges;
  /** So long a claim waits to be recorded. @default 8_000 */
  readonly intakeMs?: number;
  /** Brings a session, in place of a new connection. */
  readonly connect?: () => Promise<Session>;
}

/** Calls that one commit takes at most: bounds how long the first of them waits for the others. */
const maxBatchSize = 512;

/**
 * A sender's answer waits no longer for the ledger: it is told 503 and repeats its claim, perhaps elsewhere. So the claim is not
 * recorded later, when its end may have been; only one whose commit is under way may still be.
 */
const maxIntakeMs = 8_000;

/** What another replica leased since we looked last is seen so late at the latest, should that replica die. */
const maxBlindMs = 5_000;

/** These change nothing: they see one instant and wait for no writer. */
const readers: ReadonlySet<Operation> = new Set<Operation>([
  "alert",
  "explain",
  "alerts",
  "firing",
  "incidents",
  "incident",
  "incidentsOf",
  "deadLetters",
  "deadLetter",
  "targetStatus",
  "stats",
  "getValue",
]);

/**
 * Opens the ledger in a PostgreSQL database that replicas share.
 *
 * @throws Error where it cannot be reached, or its tables are a newer version's.
 */
export async function openPostgresLedger(options: OpenPostgresOptions): Promise<Ledger> {
  const { server, settings = defaultSettings, random = Math.random, clock, intakeMs = maxIntakeMs } = options;
  const connected = options.connect ?? (() => connect(server));
  const first = await connected();
  try {
    await migrate(first);
  } catch (error) {
    await first.end();
    throw error;
  }
  const monotonic = (clock ?? systemClock).monotonic.bind(clock ?? systemClock);
  const time = new LedgerTime({ monotonic, testClock: clock });
  const notices = new Notifier();
  const common = { connect: connected, settings, random, time, writer: randomUUID(), found: { alerts: [] } };
  const writer = new TransactionRunner({
    ...common,
    mode: "write",
    connect: async () => byIndex(await connected()),
    session: await byIndex(first),
    wakesOthers: notices.after,
    ...(options.report && { report: options.report }),
  });
  const reader = new TransactionRunner({ ...common, mode: "read" });
  const writes = new Queue(writer);
  const reads = new Queue(reader);
  const listening = new Listener({
    server,
    clock: clock ?? systemClock,
    wake: options.wake,
    watched: async (forMs) => (await writes.ask(["watched", [forMs]])) as boolean,
  });

  const run = async (operation: Operation, args: readonly unknown[]): Promise<unknown> => {
    if (readers.has(operation)) return reads.ask([operation, args]);
    if (operation === "record") return inTime(writes.ask([operation, args, performance.now() + intakeMs]), intakeMs);
    // A search for what is over takes long and usually finds nothing: no writer waits for it.
    if (operation === "deleteExpired" && (await reads.ask([operation, args])) === 0) return 0;
    const answer = await writes.ask([operation, args]);
    return operation === "leaseDue" && !clock ? seenSoon(answer as LeaseBatch, random) : answer;
  };
  // Time begins with the opening, also where nobody asks for anything yet.
  await run("probe", []);
  const close = async (): Promise<void> => {
    await listening.close();
    await Promise.all([writes.close(), reads.close()]);
  };
  return ledgerProxy({ run: run as RunOperation, watch: listening.watchers.watch, close });
}

/**
 * A writer reads and changes few rows, by their keys. Its statements are planned once, perhaps while the tables are empty, and no
 * statistics are ever as young as a storm: so the plan that is right for few rows of many is prescribed.
 */
async function byIndex(session: Session): Promise<Session> {
  const off = ["seqscan", "hashjoin", "mergejoin"].map((plan) => `SET enable_${plan} = off`);
  await session.run([{ sql: [...off, "SET plan_cache_mode = force_generic_plan"].join("; ") }], 5_000);
  return session;
}

/** Others work here too: what they lease and leave is not in our plan. */
const seenSoon = (claimed: LeaseBatch, random: () => number): LeaseBatch => {
  const latestMs = claimed.nowMs + Math.floor(maxBlindMs * (0.8 + 0.2 * random()));
  return { ...claimed, nextAtMs: Math.min(claimed.nextAtMs ?? latestMs, latestMs) };
};

/** Intake alone gives up: a lost answer to anything else would leave a lease or an outcome without an owner. */
async function inTime<T>(answer: Promise<T>, withinMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LedgerUnavailable("the ledger does not answer")), withinMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Waiting {
  readonly call: Call;
  readonly done: (answer: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/** What is asked in one tick, or while a transaction runs, is one transaction. */
class Queue {
  readonly #turns: TransactionRunner;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(turns: TransactionRunner) {
    this.#turns = turns;
  }

  ask(call: Call): Promise<unknown> {
    if (this.#closed) return Promise.reject(new LedgerUnavailable("the ledger is closed"));
    return new Promise((done, failed) => {
      this.#waiting.push({ call, done, failed });
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      let group: Waiting[] | undefined;
      const take = (): Waiting[] => (group ??= this.#waiting.splice(0, maxBatchSize));
      try {
        await this.#turns.begin();
        const answers = await this.#turns.run(take().map(({ call }) => call));
        for (const [index, { done, failed }] of take().entries()) {
          const answer = answers[index];
          if (answer instanceof Error) failed(answer);
          else done(answer);
        }
      } catch (error) {
        for (const { failed } of take()) failed(error);
      }
    }
    this.#running = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#turns.close();
  }
}
