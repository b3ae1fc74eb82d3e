import type { Lease, Outcome } from "@tocsin/core/decisions";
import type { SimulatorAnswer } from "@tocsin/simulator";
import type { Random } from "../kit/random.ts";
import type { VirtualClock } from "../kit/virtual-clock.ts";
import type { ProcessLifecycle } from "./process-lifecycle.ts";
import type { Receivers } from "./receivers.ts";
import type { Scenario, Trouble } from "./scenario.ts";

/** One attempt as the cluster saw it, whatever its process learned. */
export interface Passage {
  readonly lease: Lease;
  readonly lifecycle: string;
  readonly key: string;
  readonly begunAtMs: number;
  /** When the receiver had it; null: never. */
  arrivedAtMs: number | null;
  /** The receiver's effect: `opened`, `logged`, `dropped`…; null: none. */
  effect: string | null;
  outcome: Outcome | null;
  endedAtMs: number | null;
}

const noAnswer = (reason: "network" | "timeout", left: boolean, detail: string): Outcome => ({
  kind: left ? "ambiguous" : "retry",
  reason,
  detail,
});

/** The way to the receiver and back, in virtual time, with all that may happen on it. */
export class Network {
  readonly passages: Passage[] = [];
  readonly #clock: VirtualClock;
  readonly #receivers: Receivers;
  readonly #random: Random;
  readonly #trouble: Trouble;
  /** Nothing goes wrong any more. */
  calm = false;
  readonly #onBegin: (lease: Lease) => void;
  readonly #leasedUntilMs: (token: number) => number;
  readonly #shortestTimeoutMs: number;
  readonly #underWay = new Set<Passage>();

  constructor(
    clock: VirtualClock,
    receivers: Receivers,
    random: Random,
    { trouble, targets }: Pick<Scenario, "trouble" | "targets">,
    on: { readonly begin: (lease: Lease) => void; readonly leasedUntilMs: (token: number) => number },
  ) {
    this.#onBegin = on.begin;
    this.#leasedUntilMs = on.leasedUntilMs;
    this.#clock = clock;
    this.#receivers = receivers;
    this.#random = random;
    this.#trouble = trouble;
    this.#shortestTimeoutMs = Math.min(...targets.map(({ timeoutMs }) => timeoutMs));
  }

  /** One attempt of a process. The key of its target is what the lease has sealed. */
  async publish(lifecycle: ProcessLifecycle, lease: Lease, signal: AbortSignal): Promise<Outcome> {
    const random = this.#random;
    const { lives, network } = this.#trouble;
    this.#onBegin(lease);
    const passage: Passage = {
      lease,
      lifecycle: lifecycle.name,
      key: lease.sealed,
      begunAtMs: this.#clock.monotonic(),
      arrivedAtMs: null,
      effect: null,
      outcome: null,
      endedAtMs: null,
    };
    this.passages.push(passage);
    // Held up between the last check of the lease and the write: as long as the ledger reckons with, no longer.
    this.#underWay.add(passage);
    const maxMs = this.#awayMs(lease, lifecycle);
    if (!this.calm && random.chance(lives.lateWrites))
      lifecycle.pause(random.between(random.chance(0.5) ? Math.min(lease.leaseMs, maxMs) : 1, maxMs));
    const way = { outMs: random.between(0, network.outMs), backMs: random.between(0, network.backMs) };
    // A process that continues does the write first, before any of its timers.
    const outcome = await new Promise<Outcome>((resolve) =>
      lifecycle.do(() => void this.#exchange(lifecycle, passage, signal, way).then(resolve)),
    );
    this.#underWay.delete(passage);
    passage.outcome = outcome;
    passage.endedAtMs = this.#clock.monotonic();
    return outcome;
  }

  /**
   * How long a process may be stopped right before a write. Longer than the ledger expects only in runs without crashes:
   * a request that left so late is repaired when its owner reports, and a crashed owner does not report.
   */
  get writesAtAnyTime(): boolean {
    const { ledger, lives } = this.#trouble;
    return lives.lateWrites > 0 && lives.meanToCrashMs + ledger.crashBefore + ledger.crashAfter === 0;
  }

  /** All attempts of a process are held up together: those under way, and those that begin in the same moment. */
  #awayMs({ token, leaseMs, timeoutMs }: Lease, lifecycle: ProcessLifecycle): number {
    if (this.writesAtAnyTime) return 3 * leaseMs;
    const shorterMs = 2 * (timeoutMs - this.#shortestTimeoutMs);
    let untilMs = this.#leasedUntilMs(token) + timeoutMs - shorterMs;
    for (const { lease, lifecycle: name } of this.#underWay)
      if (name === lifecycle.name) untilMs = Math.min(untilMs, this.#leasedUntilMs(lease.token) + lease.timeoutMs);
    return Math.max(1, untilMs - this.#clock.monotonic() - 1_000);
  }

  #exchange(
    lifecycle: ProcessLifecycle,
    passage: Passage,
    signal: AbortSignal,
    way: { outMs: number; backMs: number },
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const heard = (outcome: Outcome): void => lifecycle.do(() => resolve(outcome));
      let request: number | undefined;
      const giveUp = (): void => {
        if (request !== undefined) this.#receivers.simulator.abandon(request);
        const timeout = (signal.reason as DOMException).name === "TimeoutError";
        resolve(
          timeout
            ? noAnswer("timeout", true, "no answer in time")
            : { kind: "interrupted", left: true, detail: "stopped" },
        );
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#clock.after(way.outMs, () => {
        // The attempt was aborted, or its process is gone: a request that had not arrived by then is lost in half of the cases.
        if ((signal.aborted || lifecycle.over) && this.#random.chance(0.5)) return;
        const { answer, effect } = this.#receivers.handle(passage.lease, passage.key);
        if (answer.mishap?.kind !== "refused" && !isUnread(answer)) passage.arrivedAtMs = this.#clock.monotonic();
        request = answer.request;
        passage.effect = effect;
        this.#comeBack(passage.key, answer, way.backMs, heard);
      });
    });
  }

  #comeBack(key: string, answer: SimulatorAnswer, backMs: number, heard: (outcome: Outcome) => void): void {
    const { mishap } = answer;
    switch (mishap?.kind) {
      case undefined:
        this.#clock.after(backMs, () => heard(this.#receivers.outcomeOf(key, answer)));
        return;
      case "refused":
        heard(noAnswer("network", false, "connection refused"));
        return;
      case "reset":
        heard({ ...noAnswer("network", true, "connection reset"), receiverClosed: true } as Outcome);
        return;
      case "half":
        // The status line came; it decides.
        heard(this.#receivers.outcomeOf(key, answer));
        return;
      case "slow":
        this.#clock.after(mishap.headersMs + mishap.bodyMs + backMs, () =>
          heard(this.#receivers.outcomeOf(key, answer)),
        );
        return;
      case "hang":
        return;
    }
  }
}

const isUnread = ({ mishap }: SimulatorAnswer): boolean => mishap?.kind === "reset" && mishap.when === "before_reading";
