import type { Clock } from "@tocsin/core/decisions";

interface Running {
  readonly controller: AbortController;
  readonly deadlineMs: number;
}

const tookTooLong = () => new DOMException("the attempt took too long", "TimeoutError");

/** The attempts that a worker makes now. Each has a signal that aborts at its deadline. */
export class RunningAttempts {
  readonly #clock: Clock;
  readonly #maxSpare: number;
  /** By lease token. */
  readonly #running = new Map<number, Running>();
  /** Controllers of attempts that ended without an abort. No listener is left on them, so the next attempts reuse them. */
  readonly #spareControllers: AbortController[] = [];
  #cancelDeadline: (() => void) | undefined;
  /** When the deadline timer fires, on the monotonic clock. */
  #nextDeadlineMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, maxSpare: number) {
    this.#clock = clock;
    this.#maxSpare = maxSpare;
  }

  get size(): number {
    return this.#running.size;
  }

  /** `deadlineMs`: on the monotonic clock. */
  begin(token: number, deadlineMs: number): AbortSignal {
    const controller = this.#spareControllers.pop() ?? new AbortController();
    this.#running.set(token, { controller, deadlineMs });
    this.#watchDeadline(deadlineMs);
    return controller.signal;
  }

  end(token: number): void {
    const controller = this.#running.get(token)?.controller;
    this.#running.delete(token);
    if (controller && !controller.signal.aborted && this.#spareControllers.length < this.#maxSpare)
      this.#spareControllers.push(controller);
  }

  /** Aborts the attempt of this signal if its deadline has passed, although its timer may not have fired yet. */
  endIfOverdue(signal: AbortSignal): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs < this.#nextDeadlineMs) return;
    for (const { controller, deadlineMs } of this.#running.values())
      if (controller.signal === signal && deadlineMs <= nowMs) controller.abort(tookTooLong());
  }

  abortAll(reason: () => DOMException): void {
    for (const { controller } of this.#running.values()) controller.abort(reason());
  }

  stop(): void {
    this.#cancelDeadline?.();
  }

  /**
   * Keeps one timer for all deadlines, because there are many attempts and few time-outs. It may fire before any deadline has
   * passed, but never after the earliest.
   */
  #watchDeadline(deadlineMs: number): void {
    if (deadlineMs >= this.#nextDeadlineMs) return;
    this.#cancelDeadline?.();
    this.#nextDeadlineMs = deadlineMs;
    this.#cancelDeadline = this.#clock.after(deadlineMs - this.#clock.monotonic(), () => this.#endOverdue());
  }

  #endOverdue(): void {
    const nowMs = this.#clock.monotonic();
    this.#nextDeadlineMs = Number.POSITIVE_INFINITY;
    let nextMs = this.#nextDeadlineMs;
    for (const { controller, deadlineMs } of this.#running.values()) {
      if (controller.signal.aborted) continue;
      if (deadlineMs <= nowMs) controller.abort(tookTooLong());
      else nextMs = Math.min(nextMs, deadlineMs);
    }
    this.#watchDeadline(nextMs);
  }
}
