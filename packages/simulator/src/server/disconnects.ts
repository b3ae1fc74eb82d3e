import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Leaving } from "../state/journal.ts";

/** The answers on one connection, as numbers only: a busy connection has many in a moment. */
interface Recent {
  readonly requests: number[];
  /** Monotonic. */
  readonly atMs: number[];
  /** Only the last answer can still be in transit. */
  last: ServerResponse;
}

/**
 * How soon after an answer the end of its connection leaves doubt whether the answer was read, and what was read was
 * kept. A client that is killed leaves at once; some quiet time shows that it lives.
 */
const unreadMs = 250;

/** Remembers the last answers of each connection, to judge which of them a client may have missed when it disconnects. */
export class Disconnects {
  readonly #bySocket = new WeakMap<Socket, Recent>();

  note(socket: Socket, request: number, response: ServerResponse): void {
    const nowMs = performance.now();
    const recent = this.#bySocket.get(socket);
    if (recent === undefined) {
      this.#bySocket.set(socket, { requests: [request], atMs: [nowMs], last: response });
      return;
    }
    while (recent.atMs[0] !== undefined && nowMs - recent.atMs[0] >= unreadMs) {
      recent.atMs.shift();
      recent.requests.shift();
    }
    recent.requests.push(request);
    recent.atMs.push(nowMs);
    recent.last = response;
  }

  /** The simulator breaks this connection itself, so its end says nothing about the client. */
  forget(socket: Socket): void {
    this.#bySocket.delete(socket);
  }

  /** Reports, after the connection has ended, each request whose answer the client may have missed. */
  left(socket: Socket, tell: (request: number, when: Leaving) => void): void {
    const recent = this.#bySocket.get(socket);
    if (recent === undefined) return;
    const nowMs = performance.now();
    for (const [index, request] of recent.requests.entries()) {
      const isLast = index === recent.requests.length - 1;
      if (isLast && !recent.last.writableFinished) tell(request, "before_answer");
      else if (recent.last.shouldKeepAlive && nowMs - (recent.atMs[index] ?? 0) < unreadMs) tell(request, "at_once");
    }
  }
}
