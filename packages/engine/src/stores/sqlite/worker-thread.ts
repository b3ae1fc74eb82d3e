import { parentPort, workerData } from "node:worker_threads";
import type { ChangedIncidents, StateChange } from "@tocsin/core/decisions";
import { type Call, Committer, type SqliteOptions } from "./group-commit.ts";

/** What the thread says without being asked. */
export interface Said {
  readonly changed: ChangedIncidents;
}
export interface Reported {
  readonly reported: readonly StateChange[];
}

/** Asks for a copy of the database; answered by `BackupEnded` with the same file. */
export interface BackupRequest {
  readonly backup: string;
}
export interface BackupEnded {
  readonly backup: string;
  /** Absent: the copy is complete. */
  readonly error?: string;
}

/**
 * The thread that owns the database: an fsync blocks it and nobody else. One message in, one group commit, one out; as JSON
 * text, which costs half of what a structured clone does. Besides: `watch` and `unwatch` with `Said`, `Reported`, and `BackupRequest` with
 * `BackupEnded`.
 */
const port = parentPort;
if (!port) throw new Error("runs as a worker thread only");
const committer = new Committer(workerData as SqliteOptions, {
  report: (changes) => port.postMessage({ reported: changes } satisfies Reported),
});
let unwatch: (() => void) | undefined;
port.on("message", (message: string | BackupRequest) => {
  if (typeof message !== "string") void backUp(message.backup);
  else if (message === "close") {
    committer.close();
    port.close();
  } else if (message === "watch") {
    unwatch?.();
    unwatch = committer.watch((incidents) => port.postMessage({ changed: incidents } satisfies Said));
  } else if (message === "unwatch") unwatch?.();
  else port.postMessage(JSON.stringify(committer.run(JSON.parse(message) as readonly Call[])));
});

async function backUp(file: string): Promise<void> {
  const error = await committer.backup(file).then(
    () => undefined,
    (reason: unknown) => String(reason),
  );
  port?.postMessage({ backup: file, ...(error !== undefined && { error }) } satisfies BackupEnded);
}

port.postMessage("open");
