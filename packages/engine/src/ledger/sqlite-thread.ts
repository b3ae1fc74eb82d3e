import { parentPort, workerData } from "node:worker_threads";
import { type Call, Committer, type SqliteOptions } from "./committer.ts";

/** The thread that owns the database: an fsync blocks it and nobody else. One message in, one group commit, one out. */
const port = parentPort;
if (!port) throw new Error("runs as a worker thread only");
const committer = new Committer(workerData as SqliteOptions);
port.on("message", (calls: readonly Call[] | "close") => {
  if (calls === "close") {
    committer.close();
    port.close();
  } else port.postMessage(committer.run(calls));
});
port.postMessage("open");
