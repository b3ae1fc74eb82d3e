import { parentPort, workerData } from "node:worker_threads";
import type { ChangedIncidents } from "@tocsin/core/decisions";
import { type Call, Committer, type SqliteOptions } from "./committer.ts";

/** What the thread says without being asked. */
export interface Said {
  readonly changed: ChangedIncidents;
}

/**
 * The thread that owns the database: an fsync blocks it and nobody else. One message in, one group commit, one out; as JSON
 * text, which costs half of what a structured clone does. Besides, `watch` and `unwatch`, and `Said` meanwhile.
 */
const port = parentPort;
if (!port) throw new Error("runs as a worker thread only");
const committer = new Committer(workerData as SqliteOptions);
let unwatch: (() => void) | undefined;
port.on("message", (message: string) => {
  if (message === "close") {
    committer.close();
    port.close();
  } else if (message === "watch") {
    unwatch?.();
    unwatch = committer.watch((incidents) => port.postMessage({ changed: incidents } satisfies Said));
  } else if (message === "unwatch") unwatch?.();
  else port.postMessage(JSON.stringify(committer.run(JSON.parse(message) as readonly Call[])));
});
port.postMessage("open");
