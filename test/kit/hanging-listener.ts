import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/** Listens and never accepts: the thread sleeps as soon as the port is open. */
const sleeper = `
const { parentPort, workerData } = require("node:worker_threads");
require("node:net").createServer().listen({ ...workerData, backlog: 1 }, () => {
  parentPort.postMessage("open");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** Linux keeps one connection more than the backlog. */
const queued = 2;

/**
 * An address of this machine that answers no connection attempt, neither with an acceptance nor with a refusal: its queue is
 * full, and the kernel drops what comes.
 */
export class HangingListener implements AsyncDisposable {
  readonly host: string;
  readonly #worker: Worker;
  readonly #sockets: readonly Socket[];

  private constructor(host: string, worker: Worker, sockets: readonly Socket[]) {
    this.host = host;
    this.#worker = worker;
    this.#sockets = sockets;
  }

  static async open(host: string, port: number): Promise<HangingListener> {
    const worker = new Worker(sleeper, { eval: true, workerData: { host, port } });
    await once(worker, "message");
    const sockets = Array.from({ length: queued }, () => connect(port, host).on("error", () => {}));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    return new HangingListener(host, worker, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#worker.terminate();
  }
}
