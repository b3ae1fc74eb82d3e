import type { Clock, Ledger } from "@tocsin/core";

/** Interval between probe writes to the ledger, also without any requests: the loss of the ledger's file must be noticed. */
const watchEveryMs = 4_000;

/**
 * The interval while the ledger does not commit: a load balancer sends no requests then. Also the minimum time between two
 * probes, however many checks are requested.
 */
const probeEveryMs = 1_000;

/** A write that takes longer counts as failed until it ends. */
const maxProbeMs = 5_000;

const doNothing = (): void => {};

/** A ledger that does not commit. */
export interface LedgerFailure {
  readonly why: string;
  /** Wall clock, ms since epoch. */
  readonly sinceMs: number;
}

/** Decides whether senders should send to this replica: the ledger commits, and the first load of targets has ended. */
export class Readiness {
  readonly #ledger: Pick<Ledger, "probe">;
  readonly #clock: Clock;
  readonly #place: string | undefined;
  readonly #turned: (failure: string | undefined) => void;
  #loaded = false;
  #stopping = false;
  #failed: LedgerFailure | undefined;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  /** The write that has not ended yet. */
  #writing: Promise<void> | undefined;
  #cancelNext = doNothing;

  /**
   * Calls `turned` with the reason when the ledger stops committing, and with undefined when it commits again. `place` names the
   * ledger, so that an operator knows which disk or server to look at; no credentials.
   */
  constructor(
    ledger: Pick<Ledger, "probe">,
    clock: Clock,
    {
      place,
      turned = () => {},
    }: { readonly place?: string; readonly turned?: (failure: string | undefined) => void } = {},
  ) {
    this.#ledger = ledger;
    this.#place = place;
    this.#clock = clock;
    this.#turned = turned;
  }

  /** Starts to probe the ledger. */
  start(): void {
    this.#probeAfter(watchEveryMs);
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  get isLoaded(): boolean {
    return this.#loaded;
  }

  /** Why the ledger does not commit. Undefined: it commits, as far as is known. */
  get ledgerFailure(): LedgerFailure | undefined {
    return this.#failed;
  }

  loaded(): void {
    this.#loaded = true;
  }

  stop(): void {
    this.#stopping = true;
    this.#cancelNext();
  }

  committed(): void {
    if (this.#failed === undefined) return;
    this.#failed = undefined;
    this.#turned(undefined);
  }

  commitFailed(why: string): void {
    const turned = this.#failed === undefined;
    this.#failed = { why, sinceMs: this.#failed?.sinceMs ?? this.#clock.now() };
    if (!turned) return;
    this.#probeAfter(probeEveryMs);
    this.#turned(why);
  }

  /** Returns the same as `reasons`, after a real write. */
  async check(): Promise<string[]> {
    await this.#probe();
    return this.reasons();
  }

  #probeAfter(ms: number): void {
    this.#cancelNext();
    if (this.#stopping) return;
    this.#cancelNext = this.#clock.after(ms, () => void this.#watch());
  }

  async #watch(): Promise<void> {
    await this.#probe();
    this.#probeAfter(this.#failed === undefined ? watchEveryMs : probeEveryMs);
  }

  async #probe(): Promise<void> {
    if (this.#stopping) return;
    const nowMs = this.#clock.monotonic();
    if (this.#writing === undefined && nowMs - this.#probedAtMs >= probeEveryMs) {
      this.#probedAtMs = nowMs;
      this.#writing = this.#write();
    }
    if (this.#writing === undefined) return;
    let cancel = doNothing;
    const late = new Promise<"late">((resolve) => {
      cancel = this.#clock.after(maxProbeMs, () => resolve("late"));
    });
    const outcome = await Promise.race([this.#writing, late]);
    cancel();
    if (outcome === "late") this.commitFailed(`a write takes longer than ${maxProbeMs / 1_000} s`);
  }

  async #write(): Promise<void> {
    try {
      await this.#ledger.probe();
      this.committed();
    } catch (error) {
      this.commitFailed((error as Error).message);
    } finally {
      this.#writing = undefined;
    }
  }

  /** Returns why the service is not ready; empty: it is ready. */
  reasons(): string[] {
    return [
      ...(this.#stopping ? ["the service is stopping"] : []),
      ...(this.#loaded ? [] : ["targets are not loaded yet"]),
      ...(this.#failed === undefined ? [] : [`${this.#ledgerText()} does not commit: ${this.#failed.why}`]),
    ];
  }

  #ledgerText(): string {
    return this.#place === undefined ? "the ledger" : `the ledger ${this.#place}`;
  }
}
