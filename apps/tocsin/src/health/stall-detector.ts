import type { Clock } from "@tocsin/core";

/** Maximum time between two checks. */
const beatMs = 1_000;

/**
 * A longer time between two checks is a stall: the process was stopped, frozen with its machine, or kept busy. Senders wait
 * longer than this for a response.
 */
const maxBeatMs = 5_000;

/** Between two beats the process reads all requests that had arrived before the first. */
const beatsUntilRead = 2;

/**
 * Detects whether this process stalled a moment ago. A request that it reads after a stall may have arrived long before. Its
 * sender may have sent the alert and also its resolve to another replica in the meantime, so this older request must not be
 * recorded after them.
 */
export class StallDetector {
  readonly #clock: Clock;
  #ranAtMs = Number.POSITIVE_INFINITY;
  #beatsLeft = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#ranAtMs = this.#clock.monotonic();
    this.#cancel = this.#clock.after(beatMs, () => this.#beat());
  }

  stop(): void {
    this.#cancel?.();
  }

  hasJustStalled(): boolean {
    this.#run();
    return this.#beatsLeft > 0;
  }

  /** Returns whether the process had stalled. */
  #run(): boolean {
    const nowMs = this.#clock.monotonic();
    const stood = nowMs - this.#ranAtMs > maxBeatMs;
    this.#ranAtMs = nowMs;
    if (stood) this.#beatsLeft = beatsUntilRead;
    return stood;
  }

  #beat(): void {
    if (!this.#run() && this.#beatsLeft > 0) this.#beatsLeft--;
    this.#cancel = this.#clock.after(beatMs, () => this.#beat());
  }
}
