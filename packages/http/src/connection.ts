import type { Socket } from "node:net";
import { type Response, ResponseParser } from "./response-parser.ts";

/** Called once: with the response, or with the error that broke the connection. */
type OnResponse = (error: Error | undefined, response?: Response) => void;

/** Events of a connection, for its pool. */
export interface ConnectionEvents {
  /** A request has ended and the next one may be sent. */
  idle(): void;
  /** A request got no response, or one with this status: a 5xx, or 421 (Misdirected Request). Called before `idle` and `closed`. */
  failed(status?: number): void;
  /** Nothing can be sent any more. Called once, before another request could use the connection. */
  closed(): void;
}

/** After this idle time we close a connection: many middle boxes forget idle connections after a minute. */
const idleMs = 30_000;

/** An open connection. It carries at most one request at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #parser: ResponseParser | undefined;
  /** Set while a request is in flight. */
  #onResponse: OnResponse | undefined;
  #error: Error | undefined;
  #idleMs = 0;
  #closed = false;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on("data", (piece: Buffer) => this.#read(piece));
    socket.on("end", () => this.#end());
    socket.on("error", (error) => (this.#error = error));
    socket.on("close", () => this.#end());
    socket.on("timeout", () => {
      if (!this.#onResponse) this.destroy();
    });
    this.#stayIdle(idleMs);
  }

  /** Whether any byte of a response has come. */
  get hasResponseBytes(): boolean {
    return this.#parser?.started ?? false;
  }

  /** Ends the wait for the response. Returns its status and the received part of its body, or `undefined` if no status came. */
  partialResponse(): Response | undefined {
    return this.#onResponse && this.#parser!.close();
  }

  /** @param maxBytes a longer body of the response is cut there */
  send(request: string | Buffer, maxBytes: number, onResponse: OnResponse): void {
    this.#parser = new ResponseParser(maxBytes);
    this.#onResponse = onResponse;
    this.#socket.ref();
    this.#socket.write(request);
  }

  /** Closes the connection. The callback of a request in flight is not called. */
  destroy(): void {
    // No byte of a response came: a firewall forgot the connection, or its host is gone.
    const silent = this.#onResponse && !this.hasResponseBytes;
    this.#onResponse = undefined;
    if (silent) this.#events.failed();
    this.#socket.destroy();
    this.#reportClosed();
  }

  #read(piece: Buffer): void {
    // No request is in flight: the other end sends a 408 before it closes an idle connection, or the bytes are an attack.
    if (!this.#onResponse) return this.destroy();
    let response: Response | undefined;
    try {
      response = this.#parser!.push(piece);
    } catch (error) {
      return this.#break(error as Error);
    }
    if (response) this.#complete(response);
  }

  /** The other end has closed the connection. */
  #end(): void {
    const response = this.partialResponse();
    if (response) this.#complete(response);
    else this.#break(this.#error ?? connectionLost());
  }

  #complete(response: Response): void {
    const onResponse = this.#onResponse!;
    this.#onResponse = undefined;
    const { status, keepAliveMs } = response;
    if (status >= 500 || status === 421) this.#events.failed(status);
    if (keepAliveMs === 0) {
      this.destroy();
    } else {
      // An idle connection must not keep the process alive.
      this.#socket.unref();
      this.#stayIdle(keepAliveMs);
      this.#events.idle();
    }
    onResponse(undefined, response);
  }

  #break(error: Error): void {
    const onResponse = this.#onResponse;
    this.#onResponse = undefined;
    if (onResponse) this.#events.failed();
    this.destroy();
    onResponse?.(error);
  }

  #reportClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.closed();
  }

  /** The other end closes after `keepAliveMs`. We close a little earlier, so that no request meets its close. */
  #stayIdle(keepAliveMs = idleMs): void {
    const ms = Math.min(idleMs, Math.max(keepAliveMs - 1000, keepAliveMs / 2));
    if (ms === this.#idleMs) return;
    this.#idleMs = ms;
    this.#socket.setTimeout(ms);
  }
}

function connectionLost(): Error {
  return Object.assign(new Error("the other end closed the connection"), { code: "ECONNRESET" });
}
