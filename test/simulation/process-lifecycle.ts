import type { Clock } from "@tocsin/core/decisions";
import type { VirtualClock } from "../kit/virtual-clock.ts";

/** One process. It may be paused, when its timers and answers wait for it, or end, when nothing reaches it any more. */
export class ProcessLifecycle {
  readonly name: string;
  readonly clock: Clock;
  readonly #sharedClock: VirtualClock;
  #waiting: (() => void)[] = [];
  #pausedUntilMs: number | null = null;
  #over = false;

  constructor(name: string, sharedClock: VirtualClock) {
    this.name = name;
    this.#sharedClock = sharedClock;
    this.clock = {
      now: () => sharedClock.now(),
      monotonic: () => sharedClock.monotonic(),
      after: (delayMs, callback) => sharedClock.after(delayMs, () => this.do(callback)),
    };
  }

  get over(): boolean {
    return this.#over;
  }

  /** It can be spoken to. */
  get awake(): boolean {
    return !this.#over && this.#pausedUntilMs === null;
  }

  /** Now, or when it goes on, or never. */
  do(act: () => void): void {
    if (this.#over) return;
    if (this.#pausedUntilMs === null) act();
    else this.#waiting.push(act);
  }

  /** Resolves in this process's time: later where it is paused, never where it is over. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.do(resolve));
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  pause(forMs: number): void {
    if (!this.awake) return;
    this.#pausedUntilMs = this.#sharedClock.monotonic() + forMs;
    this.#sharedClock.after(forMs, () => {
      this.#pausedUntilMs = null;
      for (const act of this.#waiting.splice(0)) this.do(act);
    });
  }

  end(): void {
    this.#over = true;
    this.#waiting = [];
  }
}
