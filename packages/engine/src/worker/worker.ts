import { InFlight } from "./in-flight.ts";
import { LeaseQueue, type QueuedLease } from "./lease-queue.ts";
import { TargetLatency } from "./target-latency.ts";
import {
  type Clock,
  type Ledger,
  type Lease,
  LedgerUnavailable,
  type Outcome,
  type Report,
} from "@tocsin/core/decisions";

/** What one attempt came to, and what was sent without credentials, for a dead letter. */
export interface Attempt {
  readonly outcome: Outcome;
  readonly rendered?: unknown;
}

/** Told of what happens, for metrics and logs. Must not throw. */
export interface WorkerObserver {
  /** Every attempt, when it ended. */
  attempted?(lease: Lease, outcome: Outcome, durationMs: number): void;
  /** The first trigger of an episode was accepted, this long after the alert was. */
  told?(lease: Lease, waitedMs: number): void;
  /** A target began to wait at its limiter or pause. */
  limited?(target: string): void;
  /** A bug, or the ledger is unavailable; the worker goes on. */
  failed?(error: unknown): void;
}

export interface WorkerOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Names this process's leases; another life of it needs another name. */
  readonly owner: string;
  /** Attempts in flight at once, over all targets. */
  readonly concurrency: number;
  /** Makes one attempt. Ends when the signal does; must not throw for what receivers do. */
  readonly publish: (lease: Lease, signal: AbortSignal) => Promise<Attempt>;
  readonly observe?: WorkerObserver;
}

export interface Worker {
  /** Something may be due now. */
  wake(): void;
  inFlight(): number;
  /**
   * Ends the attempt of this signal if its time is over. For right before its write: this process may have stood still, and its
   * timers with it. Others may have their answer already, and are about to read it.
   */
  endIfOverdue(signal: AbortSignal): void;
  /**
   * Claims no more, lets attempts end for up to `graceMs` (default 10 s), then interrupts them and releases the leases. Done
   * a second after that at the latest, also where the ledger is unavailable.
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** A lease lasts this much longer than the attempt may take: one half is for its begin, the other is left for its report. */
const leaseMarginMs = 20_000;
/** While the ledger is unavailable, outcomes are kept and reported again this often. */
const ledgerRetryMs = 1_000;
/** Quick targets get leases for this many times the attempts that may be in flight, so that one commit serves many. */
const aheadFactor = 16;
/** While there is enough in hand, so many outcomes are settled together, or those of so long. */
const reportsTogether = 128;
const reportDelayMs = 10;
/** Asked again at the latest, whatever the ledger said about the next time. */
const longestSleepMs = 60_000;

const tookTooLong = () => new DOMException("the attempt took too long", "TimeoutError");

interface Flying {
  readonly lease: Lease;
  readonly controller: AbortController;
  readonly deadlineMs: number;
}

/** Makes told equal wanted: claims what is due, attempts it once, settles what came of it, sleeps until the next due time. */
export function startWorker(options: WorkerOptions): Worker {
  const { ledger, clock, owner, concurrency, observe } = options;
  const flying = new Map<number, Flying>();
  const inFlight = new InFlight();
  const queue = new LeaseQueue();
  /** Of attempts that ended by themselves: nobody listens to them any more. */
  const unused: AbortController[] = [];
  const latency = new TargetLatency();
  const reports: Report[] = [];
  let settling = false;
  let claiming = false;
  let wanted = false;
  let stopping = false;
  let cancelSleep: (() => void) | undefined;
  let cancelDeadline: (() => void) | undefined;
  /** When that timer comes. */
  let soonestMs = Number.POSITIVE_INFINITY;
  let cancelReport: (() => void) | undefined;
  let limited: ReadonlySet<string> = new Set();
  let idle: (() => void) | undefined;

  function wake(): void {
    wanted = true;
    if (!claiming && !stopping) void pump();
  }

  async function pump(): Promise<void> {
    claiming = true;
    try {
      while (wanted) {
        const most = stopping ? 0 : concurrency * aheadFactor - flying.size - queue.size;
        if (most <= 0) return;
        wanted = false;
        await claim(most);
      }
    } catch (error) {
      observe?.failed?.(error);
      sleep(ledgerRetryMs);
    } finally {
      claiming = false;
      if (stopping) stopIfIdle();
    }
  }

  async function claim(max: number): Promise<void> {
    cancelSleep?.();
    const requestedAtMs = clock.monotonic();
    const ahead = { targets: latency.quickTargets(), factor: aheadFactor };
    const claimed = await ledger.leaseDue({ owner, max, concurrency, ahead, leaseMarginMs });
    for (const target of claimed.limited) if (!limited.has(target)) observe?.limited?.(target);
    limited = new Set(claimed.limited);
    for (const lease of claimed.leases) queue.add({ lease, requestedAtMs });
    begin();
    sleep(claimed.nextAtMs === null ? longestSleepMs : claimed.nextAtMs - claimed.nowMs);
  }

  function sleep(delayMs: number): void {
    cancelSleep?.();
    if (!stopping) cancelSleep = clock.after(Math.min(Math.max(delayMs, 0), longestSleepMs), wake);
  }

  /** A target with nothing in flight may always begin one attempt: it waits for no other's. */
  const mayGo = ({ target, urgency }: Lease): boolean =>
    flying.size < concurrency
      ? inFlight.room(owner, target, concurrency, urgency) > 0
      : inFlight.countAt(owner, target) === 0;

  /** Begins as many attempts as may be in flight. */
  function begin(): void {
    while (queue.size > 0) {
      const next = queue.take(mayGo);
      if (!next) return;
      inFlight.add(owner, next.lease.target);
      void attempt(next);
    }
  }

  async function attempt({ lease, requestedAtMs }: QueuedLease): Promise<void> {
    const controller = unused.pop() ?? new AbortController();
    const startedAtMs = clock.monotonic();
    const deadlineMs = startedAtMs + lease.timeoutMs;
    flying.set(lease.token, { lease, controller, deadlineMs });
    watchDeadline(deadlineMs);
    const { outcome, rendered } = await outcomeOf(lease, controller.signal, requestedAtMs);
    const durationMs = clock.monotonic() - startedAtMs;
    flying.delete(lease.token);
    if (!controller.signal.aborted && unused.length < concurrency) unused.push(controller);
    inFlight.remove(owner, lease.target);
    latency.record(lease.target, durationMs);
    observe?.attempted?.(lease, outcome, durationMs);
    if (outcome.kind === "accepted" && lease.first) observe?.told?.(lease, clock.now() - lease.acceptedAtMs);
    reports.push({ lease, outcome, ...(rendered === undefined ? {} : { rendered }) });
    begin();
    reportSoon();
  }

  /** At once where the next work waits for it; else, under load, many in one commit. */
  function reportSoon(): void {
    if (settling || reports.length === 0) return;
    const enough = queue.size > flying.size / 2 && reports.length < reportsTogether && !stopping;
    if (enough) cancelReport ??= clock.after(reportDelayMs, settleNow);
    else settleNow();
  }

  function settleNow(): void {
    cancelReport?.();
    cancelReport = undefined;
    if (settling || reports.length === 0) return;
    settling = true;
    // After this tick: what ends together is settled together.
    queueMicrotask(() => void settle());
  }

  async function outcomeOf(lease: Lease, signal: AbortSignal, requestedAtMs: number): Promise<Attempt> {
    // Rechecked on the monotonic clock: this process may have been paused since the claim. `endIfOverdue` is for pauses from here on.
    if (clock.monotonic() - requestedAtMs > (lease.leaseMs - lease.timeoutMs) / 2)
      return {
        outcome: {
          kind: "interrupted",
          left: false,
          detail: "too little of the lease was left when the attempt could begin",
        },
      };
    try {
      return await options.publish(lease, signal);
    } catch (error) {
      observe?.failed?.(error);
      return { outcome: { kind: "ambiguous", reason: "bug", detail: "Tocsin failed while it published; see its log" } };
    }
  }

  /** Reports what ended since the last report, in one commit; keeps it while the ledger is unavailable. */
  async function settle(): Promise<void> {
    const batch = reports.splice(0);
    const settled = ledger.settle(batch);
    // Asked in the same tick, so that the next work is claimed in the commit that settles this.
    wake();
    try {
      await settled;
    } catch (error) {
      observe?.failed?.(error);
      if (error instanceof LedgerUnavailable) {
        reports.unshift(...batch);
        await new Promise<void>((resolve) => clock.after(ledgerRetryMs, resolve));
      }
    }
    settling = false;
    reportSoon();
    if (stopping) stopIfIdle();
  }

  function stopIfIdle(): void {
    if (flying.size === 0 && queue.size === 0 && !settling && !claiming) idle?.();
  }

  /** One timer for all deadlines: attempts are many, time-outs few. It may come before any of them is past, never after. */
  function watchDeadline(deadlineMs: number): void {
    if (deadlineMs >= soonestMs) return;
    cancelDeadline?.();
    soonestMs = deadlineMs;
    cancelDeadline = clock.after(deadlineMs - clock.monotonic(), endOverdue);
  }

  function endOverdue(): void {
    const nowMs = clock.monotonic();
    soonestMs = Number.POSITIVE_INFINITY;
    let nextMs = soonestMs;
    for (const { controller, deadlineMs } of flying.values()) {
      if (controller.signal.aborted) continue;
      if (deadlineMs <= nowMs) controller.abort(tookTooLong());
      else nextMs = Math.min(nextMs, deadlineMs);
    }
    watchDeadline(nextMs);
  }

  function endIfOverdue(signal: AbortSignal): void {
    const nowMs = clock.monotonic();
    if (nowMs < soonestMs) return;
    for (const { controller, deadlineMs } of flying.values())
      if (controller.signal === signal && deadlineMs <= nowMs) controller.abort(tookTooLong());
  }

  async function stop({ graceMs = 10_000 } = {}): Promise<void> {
    stopping = true;
    cancelSleep?.();
    const drained = new Promise<void>((resolve) => {
      idle = resolve;
    });
    stopIfIdle();
    // What has not begun goes back unused.
    for (let next = queue.take(() => true); next; next = queue.take(() => true))
      reports.push({
        lease: next.lease,
        outcome: { kind: "interrupted", left: false, detail: "Tocsin stopped before the attempt began" },
      });
    settleNow();
    let cancelGrace = clock.after(graceMs, () => {
      for (const { controller } of flying.values()) controller.abort(new DOMException("Tocsin stops", "AbortError"));
      // What cannot be settled by then is perhaps told, as after a crash: a stop waits for no ledger and no attempt.
      cancelGrace = clock.after(ledgerRetryMs, () => idle?.());
    });
    await drained;
    cancelGrace();
    cancelDeadline?.();
    await ledger.release(owner).catch((error: unknown) => observe?.failed?.(error));
  }

  wake();
  return { wake, stop, endIfOverdue, inFlight: () => flying.size };
}
