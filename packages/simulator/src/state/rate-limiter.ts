import type { Region } from "./region.ts";

/** The number of calls that a receiver accepts from one credential. */
export interface Limit {
  /** Calls in a window; 0 = no limit. */
  readonly limit: number;
  readonly perMs: number;
  /** `sliding`: the last `perMs` before each call. `clock`: fixed windows of `perMs`, such as each minute of the clock. */
  readonly align: "sliding" | "clock";
  /**
   * Dynamic throttling: each incident opened within the window takes one call from the limit, down to this floor.
   * PagerDuty says that it adjusts the limit with traffic and with how many incidents are being created, not how.
   */
  readonly dynamicFloor?: number;
  /** Whether a 429 says when to come back, and in which form. PagerDuty documents none. */
  readonly retryAfter: "none" | "seconds" | "date";
}

/** Identifies the window of a call: limit, region and credential (for Slack, the channel). */
export interface Charge {
  readonly limit: string;
  readonly region: Region;
  readonly key: string;
}

/** Consecutive calls over the limit of one window. */
export interface Excess {
  readonly charge: Charge;
  readonly fromMs: number;
  toMs: number;
  readonly allowed: number;
  readonly perMs: number;
  /** Calls that were answered 429. */
  refused: number;
}

/** The used part of a window. */
export interface Usage {
  readonly limit: number;
  readonly perMs: number;
  readonly used: number;
  readonly nowMs: number;
  /** When the oldest call leaves the window. */
  readonly resetAtMs: number;
}

interface Window {
  /** Arrival times of the accepted calls, oldest first, starting at `head`. */
  calls: number[];
  head: number;
  opened: number[];
  openedHead: number;
  excess?: Excess | undefined;
}

/** Most credentials that are kept: more than any test uses. */
const maxWindows = 100_000;

/** The windows of all credentials, by arrival time. A refused call is not charged (the event was not ingested). */
export class RateLimiter {
  readonly #windows = new Map<string, Window>();
  readonly excesses: Excess[] = [];

  /** Undefined if the call is accepted, else the time until the next call would be, ms. */
  refuse(limit: Limit, charge: Charge, atMs: number): number | undefined {
    if (limit.limit <= 0) return undefined;
    const state = this.#window(charge);
    trim(state, limit, atMs);
    const allowed = allowedNow(limit, state);
    const used = state.calls.length - state.head;
    if (used < allowed) {
      state.calls.push(atMs);
      return undefined;
    }
    this.#note(state, limit, charge, allowed, atMs);
    const oldest = state.calls[state.head + used - allowed] ?? atMs;
    return limit.align === "clock" ? limit.perMs - (atMs % limit.perMs) : oldest + limit.perMs - atMs;
  }

  /** Charges a call that a fault answered: it did arrive. */
  charge(limit: Limit, charge: Charge, atMs: number): void {
    if (limit.limit <= 0) return;
    const state = this.#window(charge);
    trim(state, limit, atMs);
    const allowed = allowedNow(limit, state);
    if (state.calls.length - state.head >= allowed) this.#note(state, limit, charge, allowed, atMs);
    else state.calls.push(atMs);
  }

  usage(limit: Limit, charge: Charge, atMs: number): Usage {
    const state = this.#window(charge);
    trim(state, limit, atMs);
    const oldest = state.calls[state.head] ?? atMs;
    const used = state.calls.length - state.head;
    return { limit: allowedNow(limit, state), perMs: limit.perMs, used, nowMs: atMs, resetAtMs: oldest + limit.perMs };
  }

  /** Counts an opened incident. Only dynamic throttling uses it. */
  opened(charge: Charge, atMs: number): void {
    this.#window(charge).opened.push(atMs);
  }

  reset(): void {
    this.#windows.clear();
    this.excesses.length = 0;
  }

  #window({ limit, region, key }: Charge): Window {
    const id = `${limit} ${region} ${key}`;
    let state = this.#windows.get(id);
    if (state === undefined) {
      state = { calls: [], head: 0, opened: [], openedHead: 0 };
      this.#windows.set(id, state);
      const oldest = this.#windows.size > maxWindows ? this.#windows.keys().next() : undefined;
      if (oldest?.done === false) this.#windows.delete(oldest.value);
    }
    return state;
  }

  #note(state: Window, limit: Limit, charge: Charge, allowed: number, atMs: number): void {
    if (state.excess !== undefined && atMs - state.excess.toMs < limit.perMs) {
      state.excess.toMs = atMs;
      state.excess.refused += 1;
      return;
    }
    state.excess = { charge, fromMs: atMs, toMs: atMs, allowed, perMs: limit.perMs, refused: 1 };
    if (this.excesses.length < 10_000) this.excesses.push(state.excess);
  }
}

const allowedNow = (limit: Limit, state: Window): number =>
  limit.dynamicFloor === undefined
    ? limit.limit
    : Math.max(limit.dynamicFloor, limit.limit - (state.opened.length - state.openedHead));

function trim(state: Window, limit: Limit, atMs: number): void {
  const startMs = Math.floor(atMs / limit.perMs) * limit.perMs;
  // A call exactly one window old has left it.
  const hasLeft = (callMs: number | undefined): boolean =>
    callMs !== undefined && (limit.align === "clock" ? callMs < startMs : callMs <= atMs - limit.perMs);
  while (hasLeft(state.calls[state.head])) state.head += 1;
  while (hasLeft(state.opened[state.openedHead])) state.openedHead += 1;
  // Drop calls that have left the window, but not on each call: moving an array costs time.
  if (state.head > 1024) {
    state.calls = state.calls.slice(state.head);
    state.head = 0;
  }
  if (state.openedHead > 1024) {
    state.opened = state.opened.slice(state.openedHead);
    state.openedHead = 0;
  }
}
