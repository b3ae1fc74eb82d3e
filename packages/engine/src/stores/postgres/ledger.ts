import { randomUUID } from "node:crypto";
import { type Clock, type DeliverySettings, type LeaseBatch, type Ledger, systemClock } from "@tocsin/core/decisions";
import { defaultSettings } from "../../delivery-settings.ts";
import { BatchQueue, maxIntakeMs } from "../../ledger/batch-queue.ts";
import { intakeOperations } from "../../ledger/intake-operations.ts";
import type { ReportChanges } from "../../ledger/commit-notifier.ts";
import { LedgerClock } from "../../ledger/ledger-clock.ts";
import { ledgerProxy, type Operation, type RunOperation } from "../../ledger/ledger-proxy.ts";
import { connect, type PostgresServer } from "./connect.ts";
import { Listener } from "./listener.ts";
import { migrate } from "./migrate.ts";
import { Notifier } from "./notifier.ts";
import type { Call } from "./prefetch.ts";
import type { Session } from "./session.ts";
import { TransactionRunner } from "./transaction-runner.ts";

export interface OpenPostgresOptions {
  readonly server: PostgresServer;
  readonly settings?: DeliverySettings;
  /** Replaces the database's clock in tests. */
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Called when another replica notifies that something is due. */
  readonly wake?: () => void;
  /** Called after the commit with changes of state that operators receive. */
  readonly report?: ReportChanges;
  /**
   * How long a sender waits for its claim to be recorded. Then it gets a 503 and repeats the claim, perhaps to another replica.
   * The claim is not recorded later, since by then its end may have been; only a claim whose commit has begun may still be.
   * @default 8_000
   */
  readonly intakeMs?: number;
  /** Opens a session. @default a new connection to `server` */
  readonly connect?: () => Promise<Session>;
}

/** Another replica may die after it leased incidents that this replica has not read yet. This replica looks again after at most this time. */
const maxBlindMs = 5_000;

/** A smaller difference between the clocks of two machines is normal; more means that the database's clock was set back. */
const clockToleranceMs = 1_000;

/** These operations change nothing. They read one snapshot and do not wait for writers. */
const readers: ReadonlySet<Operation> = new Set<Operation>([
  "alert",
  "explain",
  "alerts",
  "firing",
  "incidents",
  "incident",
  "incidentsOf",
  "newestIncidents",
  "changes",
  "relatedChanges",
  "deadLetters",
  "deadLetter",
  "targetStatus",
  "stats",
  "summary",
  "pendingReceiverEvents",
  "getValue",
  "cachedVerdicts",
]);

/**
 * Opens the ledger in a PostgreSQL database that replicas share.
 *
 * @throws Error if the server cannot be reached, or its tables belong to a newer version
 */
export async function openPostgresLedger(options: OpenPostgresOptions): Promise<Ledger> {
  const { server, settings = defaultSettings, random = Math.random, clock, intakeMs = maxIntakeMs } = options;
  const openSession = options.connect ?? (() => connect(server));
  const first = await openSession();
  try {
    await migrate(first);
  } catch (error) {
    await first.end();
    throw error;
  }
  const notifier = new Notifier();
  const common = {
    settings,
    random,
    clockMs: () => (clock ? Math.floor(clock.now()) : null),
    time: new LedgerClock(clock ?? systemClock, { toleranceMs: clockToleranceMs }),
    writer: randomUUID(),
    found: { alerts: [] },
  };
  const writer = new TransactionRunner({
    ...common,
    mode: "write",
    connect: async () => preferIndexes(await openSession()),
    session: await preferIndexes(first),
    wakesOthers: notifier.after,
    ...(options.report && { report: options.report }),
  });
  const reader = new TransactionRunner({ ...common, mode: "read", connect: openSession });
  const [writes, reads] = [writer, reader].map(
    (runner) => new BatchQueue<Call>({ ready: () => runner.begin(), run: (calls) => runner.run(calls) }),
  ) as [BatchQueue<Call>, BatchQueue<Call>];
  const listener = new Listener({
    server,
    clock: clock ?? systemClock,
    wake: options.wake,
    watched: async (forMs) => (await writes.ask(["watched", [forMs]])) as boolean,
  });

  const run = async (operation: Operation, args: readonly unknown[]): Promise<unknown> => {
    if (readers.has(operation)) return reads.ask([operation, args]);
    if (intakeOperations.has(operation)) return writes.ask([operation, args, performance.now() + intakeMs], intakeMs);
    // A search for expired rows takes long and usually finds none. The reader searches, so that no writer waits for it.
    if (operation === "deleteExpired" && (await reads.ask([operation, args])) === 0) return 0;
    const answer = await writes.ask([operation, args]);
    return operation === "leaseDue" && !clock ? lookAgainSoon(answer as LeaseBatch, random) : answer;
  };
  // The ledger's time begins when the ledger is opened, even if no operation follows soon.
  await run("probe", []);
  const close = async (): Promise<void> => {
    await listener.close();
    await Promise.all([writes.close(), reads.close()]);
    await Promise.all([writer.close(), reader.close()]);
  };
  return ledgerProxy({ run: run as RunOperation, watch: listener.watchers.watch, close });
}

/**
 * Forces plans that use indexes. A writer reads and changes few rows, by their keys. PostgreSQL plans its statements once,
 * perhaps while the tables are empty, and statistics are never as young as a storm. So the plan that is right for few rows of
 * many is set here.
 */
async function preferIndexes(session: Session): Promise<Session> {
  const off = ["seqscan", "hashjoin", "mergejoin"].map((plan) => `SET enable_${plan} = off`);
  await session.run([{ sql: [...off, "SET plan_cache_mode = force_generic_plan"].join("; ") }], 5_000);
  return session;
}

/** Other replicas lease incidents too. This replica's plan does not contain an incident that they lease and then abandon. */
const lookAgainSoon = (leased: LeaseBatch, random: () => number): LeaseBatch => {
  const latestMs = leased.nowMs + Math.floor(maxBlindMs * (0.8 + 0.2 * random()));
  return { ...leased, nextAtMs: Math.min(leased.nextAtMs ?? latestMs, latestMs) };
};
