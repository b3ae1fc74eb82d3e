import { Worker } from "node:worker_threads";
import {
  type BackedUpLedger,
  type Clock,
  type DeliverySettings,
  LedgerUnavailable,
  systemClock,
} from "@tocsin/core/decisions";
import { defaultSettings } from "../../config.ts";
import { type Answer, type Call, GroupCommit, type SqliteOptions } from "./group-commit.ts";
import type { Operation } from "../../ledger/ledger-proxy.ts";
import { type LedgerTransport, ledgerProxy, type RunOperation } from "../../ledger/ledger-proxy.ts";
import { ChangeWatchers } from "../../ledger/change-watchers.ts";
import type { ReportChanges } from "../../ledger/commit-notifier.ts";
import type { BackupEnded, BackupRequest, ReportedMessage, ChangedMessage } from "./worker-thread.ts";

export interface OpenSqliteOptions {
  /** A file, or ":memory:". */
  readonly path: string;
  readonly settings?: DeliverySettings;
  /** In this thread only; a thread of its own has the system's. @default the system's */
  readonly clock?: Clock;
  readonly random?: () => number;
  /** A thread of its own, so that an fsync blocks nobody. @default true */
  readonly thread?: boolean;
  /** Takes changes of state that operators are told of. */
  readonly report?: ReportChanges;
}

/** Calls that one commit takes at most: bounds how long the first of them waits for the others. */
const maxBatchSize = 512;

/** A sender's answer waits no longer for the ledger. Its claim may still be recorded; it is told 503 and repeats it. */
const maxIntakeMs = 8_000;

/** Little lives long enough there to need more, whatever the main thread is given. */
const youngMb = 12;

type Done = (answer: Answer) => void;

interface Waiting {
  readonly call: Call;
  readonly done: Done;
}

/**
 * Opens a ledger in one SQLite file.
 *
 * @throws Error where the file cannot be opened, is another process's, or is a newer version's.
 */
export async function openSqliteLedger(options: OpenSqliteOptions): Promise<BackedUpLedger> {
  const sqlite: SqliteOptions = { path: options.path, settings: options.settings ?? defaultSettings };
  if (options.thread === false) {
    const { clock = systemClock, random = Math.random, report } = options;
    const groupCommit = new GroupCommit(sqlite, { clock, random, ...(report && { report }) });
    const run = async (operation: Operation, args: readonly unknown[]) =>
      unwrap(groupCommit.run([[operation, args]])[0] as Answer);
    const close = async () => groupCommit.close();
    return withBackup({
      run: run as RunOperation,
      watch: groupCommit.watch,
      close,
      backup: (file) => groupCommit.backup(file),
    });
  }
  return withBackup(await startThread(sqlite, options.report));
}

type SqlitePort = LedgerTransport & Pick<BackedUpLedger, "backup">;

const withBackup = (port: SqlitePort): BackedUpLedger => ({ ...ledgerProxy(port), backup: port.backup });

async function startThread(sqlite: SqliteOptions, report?: ReportChanges): Promise<SqlitePort> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const worker = new Worker(new URL(`./worker-thread${extension}`, import.meta.url), {
    workerData: sqlite,
    resourceLimits: { maxYoungGenerationSizeMb: youngMb },
  });
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });

  let queue: Waiting[] = [];
  /** Not what they asked for: until the commit, all that would be kept and copied by the collector again and again. */
  let inGroup: Done[] = [];
  let scheduled = false;
  let gone: string | undefined;

  const send = (): void => {
    scheduled = false;
    if (inGroup.length > 0 || queue.length === 0) return;
    const group = queue.splice(0, maxBatchSize);
    inGroup = group.map(({ done }) => done);
    worker.postMessage(JSON.stringify(group.map(({ call }) => call)));
  };
  // In its order among the commits, so that it hears of all that come after what was under way.
  const watchers = new ChangeWatchers({
    begin: () => worker.postMessage("watch"),
    end: () => worker.postMessage("unwatch"),
  });
  const backups = new Map<string, (error?: string) => void>();
  worker.on("message", (message: string | ChangedMessage | ReportedMessage | BackupEnded) => {
    if (typeof message !== "string") {
      if ("changed" in message) watchers.notify(message.changed);
      else if ("reported" in message) report?.(message.reported);
      else backups.get(message.backup)?.(message.error);
      return;
    }
    const answers = JSON.parse(message) as readonly Answer[];
    const answered = inGroup;
    inGroup = [];
    for (const [index, done] of answered.entries()) done(answers[index] as Answer);
    send();
  });
  const lose = (reason: string): void => {
    gone = reason;
    const lost = [...inGroup, ...queue.map(({ done }) => done)];
    inGroup = [];
    queue = [];
    for (const done of lost) done({ ok: false, unavailable: true, message: reason });
    for (const done of backups.values()) done(reason);
  };
  worker.on("error", (error) => lose(`the ledger's thread failed: ${String(error)}`));
  worker.on("exit", () => lose("the ledger is closed"));

  const run = (operation: Operation, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(new LedgerUnavailable(gone));
      // Intake alone gives up: a lost answer to anything else would leave a lease or an outcome without an owner.
      const timer =
        operation === "record"
          ? setTimeout(() => reject(new LedgerUnavailable("the ledger does not answer")), maxIntakeMs)
          : undefined;
      const done = (answer: Answer): void => {
        clearTimeout(timer);
        if (answer.ok) resolve(answer.value);
        else reject(failure(answer));
      };
      queue.push({ call: [operation, args], done });
      if (scheduled || inGroup.length > 0) return;
      scheduled = true;
      // After the current tick: what is asked together is committed together.
      queueMicrotask(send);
    });

  const close = async (): Promise<void> => {
    if (gone !== undefined) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    // Behind what is already queued.
    while (queue.length > 0 || inGroup.length > 0) await new Promise((resolve) => setImmediate(resolve));
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

function unwrap(answer: Answer): unknown {
  if (answer.ok) return answer.value;
  throw failure(answer);
}

function failure(answer: Extract<Answer, { ok: false }>): Error {
  if (answer.unavailable) return new LedgerUnavailable(answer.message);
  const error = new Error(answer.message);
  if (answer.stack) error.stack = answer.stack;
  return error;
}
