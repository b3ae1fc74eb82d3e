import type { Socket } from "node:net";
import { type Response, ResponseParser } from "./response-parser.ts";

/** Called once: with the answer, or with what broke the connection. */
type Answered = (error: Error | undefined, response?: Response) => void;

/** What a connection tells its pool. */
export interface ConnectionEvents {
  /** A request has ended and the next may be sent. */
  idle(): void;
  /** A request got no answer, or one with this status: a 5xx, or 421 (Misdirected Request). Called before `idle` and `closed`. */
  failed(status?: number): void;
  /** Nothing can be sent any more. Called once, and before anybody could try. */
  closed(): void;
}

/** A connection that was idle for so long is closed from our side: many middle boxes forget theirs after a minute. */
const idleMs = 30_000;

/** An open connection with at most one request on it at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  #parser: ResponseParser | undefined;
  /** Set while a request is on it. */
  #answered: Answered | undefined;
  #error: Error | undefined;
  #idleMs = 0;
  #left = false;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on("data", (piece: Buffer) => this.#read(piece));
    socket.on("end", () => this.#end());
    socket.on("error", (error) => (this.#error = error));
    socket.on("close", () => this.#end());
    socket.on("timeout", () => {
      if (!this.#answered) this.destroy();
    });
    this.#stayIdle(idleMs);
  }

  /** Whether anything of an answer has come. */
  get answering(): boolean {
    return this.#parser?.started ?? false;
  }

  /** Ends the wait for an answer: its status, where that has come, and as much of its body as has come. */
  partialAnswer(): Response | undefined {
    return this.#answered && this.#parser!.close();
  }

  /** @param maxBytes a longer body of the answer is cut there */
  send(request: string | Buffer, maxBytes: number, answered: Answered): void {
    this.#parser = new ResponseParser(maxBytes);
    this.#answered = answered;
    this.#socket.ref();
    this.#socket.write(request);
  }

  /** Gives up the request on it, if there is one; its callback is not called. */
  destroy(): void {
    // No byte of an answer came: a firewall forgot the connection, or its host is gone.
    const silent = this.#answered && !this.answering;
    this.#answered = undefined;
    if (silent) this.#events.failed();
    this.#socket.destroy();
    this.#leave();
  }

  #read(piece: Buffer): void {
    // Nobody asked: a 408 before the other end closes an idle connection, or worse.
    if (!this.#answered) return this.destroy();
    let response: Response | undefined;
    try {
      response = this.#parser!.push(piece);
    } catch (error) {
      return this.#break(error as Error);
    }
    if (response) this.#complete(response);
  }

  /** Nothing more comes. */
  #end(): void {
    const response = this.partialAnswer();
    if (response) this.#complete(response);
    else this.#break(this.#error ?? connectionLost());
  }

  #complete(response: Response): void {
    const answered = this.#answered!;
    this.#answered = undefined;
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
    answered(undefined, response);
  }

  #break(error: Error): void {
    const answered = this.#answered;
    this.#answered = undefined;
    if (answered) this.#events.failed();
    this.destroy();
    answered?.(error);
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#events.closed();
  }

  /** The other end closes after `keepAliveMs`: be a little earlier, lest a request crosses its goodbye. */
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
