import { LedgerUnavailable, type ReceiverEvent, type ReceiverEventEffect, type ReceiverEvents } from "@tocsin/core";
import type { VirtualClock } from "@tocsin/test";

/** The part of a ledger that keeps events until their keys are known: `ours` are the dedup keys of its incidents. */
export class WaitingEvents implements Pick<
  ReceiverEvents,
  "pendingReceiverEvents" | "applyReceiverEvent" | "postponeReceiverEvent"
> {
  readonly #clock: VirtualClock;
  readonly #ours: ReadonlySet<string>;
  readonly #waiting = new Map<string, { readonly event: ReceiverEvent; atMs: number }>();
  /** The applied events: id and keys. */
  readonly applied: (readonly [id: string, ...keys: string[]])[] = [];
  isUnavailable = false;

  constructor(clock: VirtualClock, ours: readonly string[] = []) {
    this.#clock = clock;
    this.#ours = new Set(ours);
  }

  get count(): number {
    return this.#waiting.size;
  }

  add(...events: readonly ReceiverEvent[]): void {
    for (const event of events) this.#waiting.set(event.id, { event, atMs: this.#clock.now() });
  }

  async pendingReceiverEvents(limit: number) {
    if (this.isUnavailable) throw new LedgerUnavailable("disk full");
    const nowMs = this.#clock.now();
    const waiting = [...this.#waiting.values()];
    const due = waiting.filter(({ atMs }) => atMs <= nowMs).slice(0, limit);
    const later = waiting.filter((one) => !due.includes(one)).map(({ atMs }) => atMs);
    return { events: due.map(({ event }) => event), nextAtMs: later.length === 0 ? null : Math.min(...later) };
  }

  async applyReceiverEvent(_callback: string, id: string, keys: readonly string[]): Promise<ReceiverEventEffect> {
    if (!this.#waiting.delete(id)) return "duplicate";
    this.applied.push([id, ...keys]);
    return keys.some((key) => this.#ours.has(key)) ? "applied" : "unknown";
  }

  async postponeReceiverEvent(_callback: string, id: string, forMs: number): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) waiting.atMs = this.#clock.now() + forMs;
  }
}
