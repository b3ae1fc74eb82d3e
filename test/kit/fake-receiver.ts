import type { Clock, Lease, Outcome } from "@tocsin/core";
import type { Attempt } from "@tocsin/engine";

/** A receiver's reaction to one attempt. `hang`: none, until the attempt is aborted. */
export type Reaction = Outcome | "hang";

export interface Published {
  /** Since the receiver was made. */
  readonly afterMs: number;
  readonly target: string;
  readonly action: Lease["action"];
  readonly dedupKey: string;
}

/** A receiver that follows a script and remembers the requests that it got. */
export class FakeReceiver {
  readonly published: Published[] = [];
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  readonly #react: (lease: Lease, nth: number) => Reaction;
  readonly #answersAfterMs: number;

  /** Without a script, or after its end, it accepts. */
  constructor(
    clock: Clock,
    script: readonly Reaction[] | ((lease: Lease, nth: number) => Reaction) = [],
    { answersAfterMs = 0 }: { readonly answersAfterMs?: number } = {},
  ) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonic();
    this.#react =
      typeof script === "function"
        ? script
        : (_lease, nth) => script[nth] ?? { kind: "accepted", receipt: String(nth) };
    this.#answersAfterMs = answersAfterMs;
  }

  /** When each attempt began, ms since the receiver was made. */
  get publishedAfterMs(): number[] {
    return this.published.map(({ afterMs }) => afterMs);
  }

  /** As `action dedupKey`. */
  get said(): string[] {
    return this.published.map(({ action, dedupKey }) => `${action} ${dedupKey}`);
  }

  readonly publish = async (lease: Lease, signal: AbortSignal): Promise<Attempt> => {
    const nth = this.published.length;
    const { target, action, dedupKey } = lease;
    this.published.push({ afterMs: this.#clock.monotonic() - this.#startedAtMs, target, action, dedupKey });
    const reaction = this.#react(lease, nth);
    if (reaction === "hang") return { outcome: await givenUp(signal) };
    if (this.#answersAfterMs === 0) return { outcome: reaction };
    const answer = new Promise<Outcome>((resolve) => this.#clock.after(this.#answersAfterMs, () => resolve(reaction)));
    return { outcome: await Promise.race([answer, givenUp(signal)]) };
  };
}

/** The outcome of an attempt that is ended from outside: by the deadline, or because we stop. */
const givenUp = (signal: AbortSignal): Promise<Outcome> =>
  new Promise((resolve) => {
    const end = (): void => {
      const { name } = signal.reason as DOMException;
      resolve(
        name === "TimeoutError"
          ? { kind: "ambiguous", reason: "timeout", detail: "no answer in time" }
          : { kind: "interrupted", left: true, detail: "stopped" },
      );
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
