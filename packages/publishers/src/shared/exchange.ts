import type { Connection, ConnectionPool, Response } from "@tocsin/http";
import { failureOf } from "../failure.ts";
import type { Reply } from "../transport.ts";

/** What an exchange needs to know of its request. */
export interface Ask {
  /** Head and body. */
  readonly request: string | Buffer;
  /** More of the answer's body is not read. */
  readonly mostBytes: number;
  readonly signal: AbortSignal;
  /** Called right before the write; where the signal is aborted by then, there is none. */
  readonly beforeWrite: ((signal: AbortSignal) => void) | undefined;
}

/**
 * One request and its answer.
 *
 * ```
 * waits for a connection ── write ──▶ left ── headers ──▶ answered
 *    └── error or abort: not a byte was written  └── error or abort: fate unknown
 * ```
 */
export class Exchange {
  readonly #ask: Ask;
  readonly #pool: ConnectionPool;
  readonly #resolve: (reply: Reply) => void;
  /** From the write on. */
  #connection: Connection | undefined;
  #stopWaiting: (() => void) | undefined;
  #ended = false;

  constructor(ask: Ask, pool: ConnectionPool, resolve: (reply: Reply) => void) {
    this.#ask = ask;
    this.#pool = pool;
    this.#resolve = resolve;
  }

  start(): void {
    const { signal } = this.#ask;
    if (signal.aborted) return this.handleEvent();
    signal.addEventListener("abort", this, { once: true });
    this.#stopWaiting = this.#pool.take((failure, connection) => {
      if (connection) this.#write(connection);
      else this.#end({ kind: "failed", left: false, ...failureOf(failure) });
    });
  }

  /** The signal fired. */
  handleEvent(): void {
    const connection = this.#connection;
    const timeout = (this.#ask.signal.reason as { name?: unknown } | undefined)?.name === "TimeoutError";
    this.#end({ kind: "stopped", left: connection !== undefined, timeout });
    if (connection) connection.destroy();
    else this.#stopWaiting?.();
  }

  #write(connection: Connection): void {
    const { request, mostBytes, signal, beforeWrite } = this.#ask;
    beforeWrite?.(signal);
    // Given up while it waited: nothing was written on this connection, and nobody has it now.
    if (this.#ended) return connection.destroy();
    this.#connection = connection;
    connection.send(request, mostBytes, (broken, response) => {
      if (response) this.#end(answered(response));
      else this.#end({ kind: "failed", left: true, ...failureOf(broken) });
    });
  }

  /** A status line decides, however the rest of the answer ended. */
  #end(reply: Reply): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ask.signal.removeEventListener("abort", this);
    const part = reply.kind === "answered" ? undefined : this.#connection?.partialAnswer();
    this.#resolve(part ? answered(part) : reply);
  }
}

const answered = ({ status, retryAfter, body }: Response): Reply => ({ kind: "answered", status, retryAfter, body });
