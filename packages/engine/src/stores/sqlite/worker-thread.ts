import { parentPort, workerData } from "node:worker_threads";
import type { ChangedIncidents, StateChange } from "@tocsin/core/decisions";
import { type Call, GroupCommit, type SqliteOptions } from "./group-commit.ts";

// A diagnostic report would hold the environment once more for each thread, with every secret in a variable.
if (process.report) process.report.excludeEnv = true;

/** Messages that the thread sends without a request: which incidents a commit changed, and changes of state for operators. */
export interface ChangedMessage {
  readonly changed: ChangedIncidents;
}
export interface ReportedMessage {
  readonly reported: readonly StateChange[];
}

/** Requests a copy of the database. The answer is `BackupEnded` with the same file. */
export interface BackupRequest {
  readonly backup: string;
}
export interface BackupEnded {
  readonly backup: string;
  /** Absent: the copy is complete. */
  readonly error?: string;
}

/**
 * The thread that owns the database, so that an fsync blocks only this thread. Batches of calls and their answers are JSON text,
 * which costs half of a structured clone.
 *
 *     main thread                                this thread
 *     ── JSON of calls ─────────────────────────► GroupCommit.run
 *     ◄───────────── JSON of answers, or Undone ──
 *     ── "watch", "unwatch" ────────────────────►
 *     ◄─────────────────────── ChangedMessage ──  after each commit, while watched
 *     ◄────────────────────── ReportedMessage ──  after each commit that changed a state
 *     ── BackupRequest ─────────────────────────►
 *     ◄────────────────────────── BackupEnded ──
 *     ── "close" ───────────────────────────────► closes the database and ends
 */
const port = parentPort;
if (!port) throw new Error("runs as a worker thread only");
const groupCommit = new GroupCommit(workerData as SqliteOptions, {
  report: (changes) => port.postMessage({ reported: changes } satisfies ReportedMessage),
});
let unwatch: (() => void) | undefined;
port.on("message", (message: string | BackupRequest) => {
  if (typeof message !== "string") void backUp(message.backup);
  else if (message === "close") {
    groupCommit.close();
    port.close();
  } else if (message === "watch") {
    unwatch?.();
    unwatch = groupCommit.watch((incidents) => port.postMessage({ changed: incidents } satisfies ChangedMessage));
  } else if (message === "unwatch") unwatch?.();
  else port.postMessage(JSON.stringify(groupCommit.run(JSON.parse(message) as readonly Call[])));
});

async function backUp(file: string): Promise<void> {
  const error = await groupCommit.backup(file).then(
    () => undefined,
    (reason: unknown) => String(reason),
  );
  port?.postMessage({ backup: file, ...(error !== undefined && { error }) } satisfies BackupEnded);
}

port.postMessage("open");
