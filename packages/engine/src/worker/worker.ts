import {
  type Clock,
  type Ledger,
  type Lease,
  LedgerUnavailable,
  type Outcome,
  type Report,
} from "@tocsin/core/decisions";
import { InFlight } from "./in-flight.ts";
import { LeaseQueue, type QueuedLease } from "./lease-queue.ts";
import { RunningAttempts } from "./running-attempts.ts";
import { TargetLatency } from "./target-latency.ts";

/*
 * A lease passes through the worker:
 *
 *   leaseDue ──▶ queued ─────────────▶ running ─────────────▶ ended ──────────▶ settled
 *                  │   a place is free    │  publish answered   ▲ │  one commit
 *                  │                      └─ deadline, or grace │ └─ ledger unavailable: stays ended,
 *                  │                         over: aborted ─────┤    settled again after 1 s
 *                  └─ stop(): ends as `interrupted`, unsent ────┘
 *
 * The loop that leases:
 *
 *   sleeping ── wake(), or the next due time ──▶ leasing ── the ledger answered ──▶ sleeping until the next due time
 *       ▲                                        │  │  ▲                            (60 s at most)
 *       │                                        │  │  └─ wake() meanwhile: leases again
 *       ├─ the ledger failed: for 1 s ───────────┘  │
 *       └─ the queue is full: until a settle ───────┘
 *
 * The worker itself:
 *
 *   working ── stop() ──▶ draining ── grace over ──▶ aborting ── everything settled, or after 1 s ──▶ stopped
 *                            └────────── everything settled ──────────────────────────────────────────▲
 */

/** The result of one attempt: its outcome, and, for a dead letter, the request without credentials. */
export type Attempt = Omit<Report, "lease">;

/** Receives the worker's events, for metrics and logs. Must not throw. */
export interface WorkerObserver {
  /** An attempt ended. */
  attempted?(lease: Lease, outcome: Outcome, durationMs: number): void;
  /** The target accepted the first trigger of an episode, this long after the ledger accepted the alert. */
  told?(lease: Lease, waitedMs: number): void;
  /** The limiter or a pause began to hold a target back. */
  limited?(target: string): void;
  /** A bug, or the ledger is unavailable. The worker continues. */
  failed?(error: unknown): void;
}

export interface WorkerOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** The name that this process's leases carry. After a restart the process needs another name. */
  readonly owner: string;
  /** Attempts in flight at the same time, over all targets. */
  readonly concurrency: number;
  /** Makes one attempt. Must end when the signal aborts, and must not throw because of a receiver's behaviour. */
  readonly publish: (lease: Lease, signal: AbortSignal) => Promise<Attempt>;
  readonly observe?: WorkerObserver;
}

/** A lease lasts this much longer than its attempt may take. Half is for the wait before the attempt, half for its report. */
const leaseMarginMs = 20_000;
/** How often outcomes are reported again while the ledger is unavailable. */
const ledgerRetryMs = 1_000;
/** Quick targets get leases for this many times the allowed attempts in flight, so that one commit serves many attempts. */
const aheadFactor = 16;
/** While enough leases are queued, the worker settles this many outcomes together, or those of this long. */
const maxReportsTogether = 128;
const reportDelayMs = 10;
/** The worker asks the ledger at least this often, whatever the ledger said about the next due time. */
const maxSleepMs = 60_000;

/**
 * Makes the delivered state equal the desired state: leases due work, attempts it once, settles the outcome, sleeps until more is
 * due. Works from its creation until `stop`.
 */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #latency = new TargetLatency();

  // The lease loop.
  #leasing = false;
  /** `wake` was called since the last request for leases. */
  #woken = false;
  #cancelSleep: (() => void) | undefined;
  /** Targets that the last batch of leases reported as held back. */
  #limited: ReadonlySet<string> = new Set();

  // Attempts.
  readonly #queue = new LeaseQueue();
  readonly #inFlight = new InFlight();
  readonly #running: RunningAttempts;

  // Ended attempts.
  readonly #reports: Report[] = [];
  #settling = false;
  #cancelReport: (() => void) | undefined;

  // Stopping.
  #stopping = false;
  #stopped = false;
  /** Called when nothing is left to do. */
  #onIdle: (() => void) | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#running = new RunningAttempts(options.clock, options.concurrency);
    this.wake();
  }

  /** Something may be due now. */
  wake(): void {
    this.#woken = true;
    if (!this.#leasing && !this.#stopping) void this.#leaseWhileWoken();
  }

  inFlight(): number {
    return this.#running.size;
  }

  /**
   * Aborts the attempt of this signal if its deadline has passed. Publishers call this right before they write: if the process
   * was paused, its timers were paused too, another process may have taken the lease over, and this write would come too late.
   */
  endIfOverdue(signal: AbortSignal): void {
    this.#running.endIfOverdue(signal);
  }

  /**
   * Leases no more work, lets attempts end for up to `graceMs` (default 10 s), then aborts them and releases the leases. Takes
   * at most one second longer than the grace, even if the ledger is unavailable.
   */
  async stop({ graceMs = 10_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    const { ledger, clock, owner, observe } = this.#options;
    this.#stopping = true;
    this.#cancelSleep?.();
    const drained = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    this.#stopIfIdle();
    // Leases whose attempts have not begun go back unused.
    for (let next = this.#queue.take(() => true); next; next = this.#queue.take(() => true))
      this.#reports.push({
        lease: next.lease,
        outcome: { kind: "interrupted", left: false, detail: "Tocsin stopped before the attempt began" },
      });
    this.#settleNow();
    let cancelGrace = clock.after(graceMs, () => {
      this.#running.abortAll(() => new DOMException("Tocsin stops", "AbortError"));
      // A stop waits for no ledger and no attempt beyond this. Unsettled events count as perhaps delivered, as after a crash.
      cancelGrace = clock.after(ledgerRetryMs, () => this.#onIdle?.());
    });
    await drained;
    this.#stopped = true;
    cancelGrace();
    this.#running.stop();
    await ledger.release(owner).catch((error: unknown) => observe?.failed?.(error));
  }

  async #leaseWhileWoken(): Promise<void> {
    this.#leasing = true;
    try {
      while (this.#woken) {
        const held = this.#running.size + this.#queue.size;
        const max = this.#stopping ? 0 : this.#options.concurrency * aheadFactor - held;
        if (max <= 0) return;
        this.#woken = false;
        await this.#lease(max);
      }
    } catch (error) {
      this.#options.observe?.failed?.(error);
      this.#sleep(ledgerRetryMs);
    } finally {
      this.#leasing = false;
      if (this.#stopping) this.#stopIfIdle();
    }
  }

  async #lease(max: number): Promise<void> {
    const { ledger, clock, owner, concurrency, observe } = this.#options;
    this.#cancelSleep?.();
    const requestedAtMs = clock.monotonic();
    const ahead = { targets: this.#latency.quickTargets(), factor: aheadFactor };
    const batch = await ledger.leaseDue({ owner, max, concurrency, ahead, leaseMarginMs });
    for (const target of batch.limited) if (!this.#limited.has(target)) observe?.limited?.(target);
    this.#limited = new Set(batch.limited);
    for (const lease of batch.leases) this.#queue.add({ lease, requestedAtMs });
    this.#beginAttempts();
    this.#sleep(batch.nextAtMs === null ? maxSleepMs : batch.nextAtMs - batch.nowMs);
  }

  #sleep(delayMs: number): void {
    this.#cancelSleep?.();
    if (this.#stopping) return;
    this.#cancelSleep = this.#options.clock.after(Math.min(Math.max(delayMs, 0), maxSleepMs), () => this.wake());
  }

  /** A target without an attempt in flight may always begin one, so that no target waits for another. */
  readonly #mayBegin = ({ target, urgency }: Lease): boolean => {
    const { owner, concurrency } = this.#options;
    return this.#running.size < concurrency
      ? this.#inFlight.room(owner, target, concurrency, urgency) > 0
      : this.#inFlight.countAt(owner, target) === 0;
  };

  /** Begins as many attempts as may be in flight. */
  #beginAttempts(): void {
    while (this.#queue.size > 0) {
      const next = this.#queue.take(this.#mayBegin);
      if (!next) return;
      this.#inFlight.add(this.#options.owner, next.lease.target);
      void this.#attempt(next);
    }
  }

  async #attempt({ lease, requestedAtMs }: QueuedLease): Promise<void> {
    const { clock, owner, observe } = this.#options;
    const startedAtMs = clock.monotonic();
    const signal = this.#running.begin(lease.token, startedAtMs + lease.timeoutMs);
    const { outcome, rendered } = await this.#publish(lease, signal, requestedAtMs);
    const durationMs = clock.monotonic() - startedAtMs;
    this.#running.end(lease.token);
    this.#inFlight.remove(owner, lease.target);
    this.#latency.record(lease.target, durationMs);
    observe?.attempted?.(lease, outcome, durationMs);
    if (outcome.kind === "accepted" && lease.first) observe?.told?.(lease, clock.now() - lease.acceptedAtMs);
    this.#reports.push({
      lease,
      outcome,
      durationMs: Math.round(durationMs),
      ...(rendered === undefined ? {} : { rendered }),
    });
    this.#beginAttempts();
    this.#settleSoon();
  }

  async #publish(lease: Lease, signal: AbortSignal, requestedAtMs: number): Promise<Attempt> {
    const { clock, publish, observe } = this.#options;
    // Checked on the monotonic clock: this process may have been paused since it asked for the lease. `endIfOverdue` covers
    // pauses from here on.
    if (clock.monotonic() - requestedAtMs > (lease.leaseMs - lease.timeoutMs) / 2)
      return {
        outcome: {
          kind: "interrupted",
          left: false,
          detail: "too little of the lease was left when the attempt could begin",
        },
      };
    try {
      return await publish(lease, signal);
    } catch (error) {
      observe?.failed?.(error);
      return { outcome: { kind: "ambiguous", reason: "bug", detail: "Tocsin failed while it published; see its log" } };
    }
  }

  /** Settles at once if the next attempts wait for that. Otherwise, under load, settles many outcomes in one commit. */
  #settleSoon(): void {
    // If the ledger was unavailable at the stop, the worker would settle again every second and the process could not end.
    if (this.#settling || this.#reports.length === 0 || this.#stopped) return;
    const mayWait =
      this.#queue.size > this.#running.size / 2 && this.#reports.length < maxReportsTogether && !this.#stopping;
    if (mayWait) this.#cancelReport ??= this.#options.clock.after(reportDelayMs, () => this.#settleNow());
    else this.#settleNow();
  }

  #settleNow(): void {
    this.#cancelReport?.();
    this.#cancelReport = undefined;
    if (this.#settling || this.#reports.length === 0 || this.#stopped) return;
    this.#settling = true;
    // After this tick, so that attempts that end together are settled together.
    queueMicrotask(() => void this.#settle());
  }

  /** Settles everything that ended since the last settle, in one commit. Keeps the outcomes while the ledger is unavailable. */
  async #settle(): Promise<void> {
    const { ledger, clock, observe } = this.#options;
    const batch = this.#reports.splice(0);
    const settled = ledger.settle(batch);
    // In the same tick, so that the ledger leases the next work in the commit that settles this batch.
    this.wake();
    try {
      await settled;
    } catch (error) {
      observe?.failed?.(error);
      if (error instanceof LedgerUnavailable) {
        this.#reports.unshift(...batch);
        await new Promise<void>((resolve) => clock.after(ledgerRetryMs, resolve));
      }
    }
    this.#settling = false;
    this.#settleSoon();
    if (this.#stopping) this.#stopIfIdle();
  }

  #stopIfIdle(): void {
    if (this.#running.size === 0 && this.#queue.size === 0 && !this.#settling && !this.#leasing) this.#onIdle?.();
  }
}
