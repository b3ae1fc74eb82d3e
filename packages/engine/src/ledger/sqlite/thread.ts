import { parentPort, workerData } from "node:worker_threads";
import { type Call, Committer, type SqliteOptions } from "./committer.ts";

/**
 * The thread that owns the database: an fsync blocks it and nobody else. One message in, one group commit, one out; as JSON
 * text, which costs half of what a structured clone does.
 */
const port = parentPort;
if (!port) throw new Error("runs as a worker thread only");
const committer = new Committer(workerData as SqliteOptions);
port.on("message", (message: string) => {
  if (message === "close") {
    committer.close();
    port.close();
  } else port.postMessage(JSON.stringify(committer.run(JSON.parse(message) as readonly Call[])));
});
port.postMessage("open");
