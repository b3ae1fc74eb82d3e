import { Worker } from "node:worker_threads";
import {
  type BackedUpLedger,
  type Clock,
  type DeliverySettings,
  LedgerUnavailable,
  systemClock,
} from "@tocsin/core/decisions";
import { defaultSettings } from "../../delivery-settings.ts";
import { BatchFault, BatchQueue, maxIntakeMs } from "../../ledger/batch-queue.ts";
import { intakeOperations } from "../../ledger/intake-operations.ts";
import { ChangeWatchers } from "../../ledger/change-watchers.ts";
import type { ReportChanges } from "../../ledger/commit-notifier.ts";
import { type LedgerTransport, ledgerProxy, type Operation, type RunOperation } from "../../ledger/ledger-proxy.ts";
import { type Answer, type Call, type Failure, GroupCommit, type SqliteOptions, type Undone } from "./group-commit.ts";
import type { BackupEnded, BackupRequest, ChangedMessage, ReportedMessage } from "./worker-thread.ts";

export interface OpenSqliteOptions {
  /** A file, or ":memory:". */
  readonly path: string;
  readonly settings?: DeliverySettings;
  /** Only without a thread; a thread of its own uses the system's clock. @default the system's */
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Runs the ledger in a thread of its own, so that an fsync blocks only that thread. @default true */
  readonly thread?: boolean;
  /** Called after the commit with changes of state that operators receive. */
  readonly report?: ReportChanges;
}

/** Young generation of the thread, in MB. Few objects there live long enough to need more, whatever the main thread gets. */
const youngMb = 12;

/**
 * Opens a ledger in one SQLite file.
 *
 * @throws Error if the file cannot be opened, belongs to another process, or was written by a newer version
 */
export async function openSqliteLedger(options: OpenSqliteOptions): Promise<BackedUpLedger> {
  const sqlite: SqliteOptions = { path: options.path, settings: options.settings ?? defaultSettings };
  const transport =
    options.thread === false ? inThisThread(sqlite, options) : await startThread(sqlite, options.report);
  return { ...ledgerProxy(transport), backup: transport.backup };
}

type SqliteTransport = LedgerTransport & Pick<BackedUpLedger, "backup">;

/** Runs each operation at once, in a transaction of its own. */
function inThisThread(
  sqlite: SqliteOptions,
  { clock = systemClock, random = Math.random, report }: OpenSqliteOptions,
): SqliteTransport {
  const groupCommit = new GroupCommit(sqlite, { clock, random, ...(report && { report }) });
  const run = async (operation: Operation, args: readonly unknown[]): Promise<unknown> => {
    const [answer] = groupCommit.run([[operation, args]]) as [Answer];
    if (answer.ok) return answer.value;
    throw errorOf(answer);
  };
  return {
    run: run as RunOperation,
    watch: groupCommit.watch,
    close: async () => groupCommit.close(),
    backup: (file) => groupCommit.backup(file),
  };
}

/** Runs operations in a thread: one message takes a batch of calls there, one message brings their answers back. */
async function startThread(sqlite: SqliteOptions, report?: ReportChanges): Promise<SqliteTransport> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const worker = new Worker(new URL(`./worker-thread${extension}`, import.meta.url), {
    workerData: sqlite,
    resourceLimits: { maxYoungGenerationSizeMb: youngMb },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });

  let pending: PromiseWithResolvers<readonly unknown[] | BatchFault<Call>> | undefined;
  /** Why the thread ended. */
  let gone: string | undefined;
  const backups = new Map<string, (error?: string) => void>();

  const queue = new BatchQueue<Call>({
    run(calls) {
      if (gone !== undefined) return Promise.reject(new LedgerUnavailable(gone));
      pending = Promise.withResolvers();
      worker.postMessage(JSON.stringify(calls));
      return pending.promise;
    },
  });
  // These messages keep their order among the batches, so that a watcher learns of every commit after those under way.
  const watchers = new ChangeWatchers({
    begin: () => worker.postMessage("watch"),
    end: () => worker.postMessage("unwatch"),
  });
  worker.on("message", (message: string | ChangedMessage | ReportedMessage | BackupEnded) => {
    if (typeof message === "string") pending?.resolve(resultsOf(JSON.parse(message) as readonly Answer[] | Undone));
    else if ("changed" in message) watchers.notify(message.changed);
    else if ("reported" in message) report?.(message.reported);
    else backups.get(message.backup)?.(message.error);
  });
  const lose = (reason: string): void => {
    gone = reason;
    pending?.reject(new LedgerUnavailable(reason));
    for (const done of backups.values()) done(reason);
  };
  worker.on("error", (error) => lose(`the ledger's thread failed: ${String(error)}`));
  worker.on("exit", () => lose("the ledger is closed"));

  // Only a sender stops waiting. Its claim may still be recorded: it gets a 503 and repeats the claim.
  const run = (operation: Operation, args: readonly unknown[]): Promise<unknown> =>
    queue.ask([operation, args], intakeOperations.has(operation) ? maxIntakeMs : undefined);

  const close = async (): Promise<void> => {
    if (gone !== undefined) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    await queue.close();
    worker.postMessage("close");
    await exited;
  };
  const backup = async (file: string): Promise<void> => {
    if (gone !== undefined) throw new LedgerUnavailable(gone);
    const error = await new Promise<string | undefined>((resolve) => {
      backups.set(file, resolve);
      worker.postMessage({ backup: file } satisfies BackupRequest);
    });
    backups.delete(file);
    if (error !== undefined) throw new Error(`the copy was not written: ${error}`);
  };
  return { run: run as RunOperation, watch: watchers.watch, close, backup };
}

const resultsOf = (answers: readonly Answer[] | Undone): readonly unknown[] | BatchFault<Call> =>
  "undone" in answers
    ? new BatchFault(answers.calls, errorOf(answers.undone))
    : answers.map((answer) => (answer.ok ? answer.value : errorOf(answer)));

function errorOf({ unavailable, message, stack }: Failure): Error {
  if (unavailable) return new LedgerUnavailable(message);
  const error = new Error(message);
  if (stack) error.stack = stack;
  return error;
}
