import type { Dispatcher } from "undici";
import { failureOf } from "./failure.ts";
import type { Reply } from "./transport.ts";

/** More of an answer to an event is not read: details are for people. */
export const maxAnswerBytes = 64 * 1024;

const signalled = new Error("stopped by the caller");

/**
 * One request and its answer, as undici's lowest interface tells them. It alone shows whether the request ever left, and it
 * saves the stream that `pool.request` makes of each answer (`bench/transport.ts`).
 *
 * ```
 * queued ── onRequestStart (the next thing is the write) ──▶ left ── onResponseStart ──▶ answered
 *    └──────────── error or abort: not a byte was written        └── error or abort: fate unknown
 * ```
 */
export class Exchange implements Dispatcher.DispatchHandler {
  ended = false;
  readonly #signal: AbortSignal;
  readonly #mostBytes: number;
  readonly #resolve: (reply: Reply) => void;
  readonly #beforeWrite: ((signal: AbortSignal) => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    signal: AbortSignal,
    mostBytes: number,
    resolve: (reply: Reply) => void,
    beforeWrite?: (signal: AbortSignal) => void,
  ) {
    this.#signal = signal;
    this.#mostBytes = mostBytes;
    this.#resolve = resolve;
    this.#beforeWrite = beforeWrite;
    if (signal.aborted) this.handleEvent();
    else signal.addEventListener("abort", this, { once: true });
  }

  /** The signal fired. */
  handleEvent(): void {
    const left = this.#controller !== undefined;
    const timeout = (this.#signal.reason as { name?: unknown } | undefined)?.name === "TimeoutError";
    this.#end({ kind: "stopped", left, timeout });
    this.#controller?.abort(signalled);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#beforeWrite?.(this.#signal);
    // It waited for a connection and was given up meanwhile.
    if (this.ended) controller.abort(signalled);
    else this.#controller = controller;
  }

  onResponseStart(_: unknown, status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (status < 200) return;
    this.#status = status;
    this.#retryAfter = headers["retry-after"]?.toString();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#mostBytes || this.ended) return;
    this.#end(undefined);
    controller.abort(signalled);
  }

  onResponseEnd(): void {
    this.#end(undefined);
  }

  onResponseError(_: unknown, error: Error): void {
    if (!this.ended) this.#end({ kind: "failed", left: this.#controller !== undefined, ...failureOf(error) });
  }

  /** A status line decides, however the rest of the answer ended. */
  #end(otherwise: Reply | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.#signal.removeEventListener("abort", this);
    if (this.#status === 0) return this.#resolve(otherwise!);
    const body = Buffer.concat(this.#chunks).toString("utf8", 0, Math.min(this.#bytes, this.#mostBytes));
    this.#resolve({ kind: "answered", status: this.#status, retryAfter: this.#retryAfter, body });
  }
}
