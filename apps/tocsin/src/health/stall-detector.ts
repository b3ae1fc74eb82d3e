import type { Clock } from "@tocsin/core";

/** Looked at so often, at least. */
const beatMs = 1_000;

/** Not run for longer than that: stopped, frozen with its machine, or kept busy. Senders wait for longer. */
const maxBeatMs = 5_000;

/** From one beat to the next everything is read that had arrived by then. */
const beatsUntilRead = 2;

/**
 * Whether this process stood still a moment ago. What it reads then may have arrived long before, and its sender may have told
 * another replica since, and of the end too: in that order it must not be recorded.
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

  /** True: it had stood still. */
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
