import { maxTimerMs } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { failedReply } from "./failed-reply.ts";
import type { Response } from "./response-parser.ts";
import type { Reply } from "./sender.ts";

export interface ExchangeRequest {
  /** Head and body. */
  readonly bytes: string | Buffer;
  /** A longer body of the response is cut there. */
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
  /** For the whole exchange. `undefined`: the signal alone ends it. */
  readonly timeoutMs: number | undefined;
  /** Called right before the write. If the signal is aborted by then, nothing is written. */
  readonly beforeWrite: ((signal: AbortSignal) => void) | undefined;
}

/**
 * One request and its response.
 *
 * ```
 * waits for a connection ── write ──▶ left ── headers ──▶ answered
 *    └── error, abort or timeout:        └── error, abort or timeout:
 *        not a byte was written              the receiver may have the request
 * ```
 */
export class Exchange {
  readonly #request: ExchangeRequest;
  readonly #pool: ConnectionPool;
  readonly #resolve: (reply: Reply) => void;
  /** Set from the write on. */
  #connection: Connection | undefined;
  #stopWaiting: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(request: ExchangeRequest, pool: ConnectionPool, resolve: (reply: Reply) => void) {
    this.#request = request;
    this.#pool = pool;
    this.#resolve = resolve;
  }

  start(): void {
    const { signal, timeoutMs } = this.#request;
    if (signal?.aborted) return this.handleEvent();
    signal?.addEventListener("abort", this, { once: true });
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#stop(true), Math.min(timeoutMs, maxTimerMs));
    this.#stopWaiting = this.#pool.take((error, connection) => {
      if (connection) this.#write(connection);
      else this.#end(failedReply(error, false));
    });
  }

  /** The signal fired. */
  handleEvent(): void {
    const reason = this.#request.signal?.reason as { name?: unknown } | undefined;
    this.#stop(reason?.name === "TimeoutError");
  }

  #stop(timeout: boolean): void {
    const connection = this.#connection;
    const answering = connection?.hasResponseBytes === true;
    this.#end({ kind: "stopped", left: connection !== undefined, timeout, ...(answering && { answering }) });
    if (connection) connection.destroy();
    else this.#stopWaiting?.();
  }

  #write(connection: Connection): void {
    const { bytes, maxBytes, signal, beforeWrite } = this.#request;
    if (signal) beforeWrite?.(signal);
    // It was given up while it waited: nothing was written on this connection, and no other request has it now.
    if (this.#ended) return connection.destroy();
    this.#connection = connection;
    connection.send(bytes, maxBytes, (error, response) => {
      if (response) this.#end(answered(response));
      else this.#end(failedReply(error, true));
    });
  }

  /** A status line decides, however the rest of the response ended. */
  #end(reply: Reply): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#request.signal?.removeEventListener("abort", this);
    const part = reply.kind === "answered" ? undefined : this.#connection?.partialResponse();
    this.#resolve(part ? answered(part) : reply);
  }
}

const answered = ({ status, retryAfter, body }: Response): Reply => ({ kind: "answered", status, retryAfter, body });
