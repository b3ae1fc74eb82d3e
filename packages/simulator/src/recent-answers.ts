import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

import type { Leaving } from "./journal.ts";

interface Answered {
  readonly request: number;
  readonly response: ServerResponse;
  /** Monotonic. */
  readonly atMs: number;
}

/**
 * How soon after an answer the end of its connection leaves doubt whether the answer was read, and what was read was
 * kept. A client that is killed leaves at once; some quiet time shows that it lives.
 */
const UNREAD_MS = 250;

/** What was answered on each connection in its last moments, so that a client's leaving can be judged. */
export class RecentAnswers {
  readonly #bySocket = new WeakMap<Socket, Answered[]>();

  note(socket: Socket, request: number, response: ServerResponse): void {
    const answered = { request, response, atMs: performance.now() };
    const before = this.#bySocket.get(socket);
    if (before === undefined) {
      this.#bySocket.set(socket, [answered]);
      return;
    }
    while (before[0]?.response.writableFinished === true && answered.atMs - before[0].atMs >= UNREAD_MS) before.shift();
    before.push(answered);
  }

  /** We are the ones who break this connection: its end says nothing about the client. */
  forget(socket: Socket): void {
    this.#bySocket.delete(socket);
  }

  /** The connection has ended: names each request whose answer the client may not have. */
  left(socket: Socket, tell: (request: number, when: Leaving) => void): void {
    for (const { request, response, atMs } of this.#bySocket.get(socket) ?? []) {
      if (!response.writableFinished) tell(request, "before_answer");
      else if (response.shouldKeepAlive && performance.now() - atMs < UNREAD_MS) tell(request, "at_once");
    }
  }
}
