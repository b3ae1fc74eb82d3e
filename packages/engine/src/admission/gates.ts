import type { RateLimit, StateChange, TargetTerms, Urgency } from "@tocsin/core/decisions";
import { type BlockChange, Blocks } from "./block.ts";
import { type Breaker, breakerState, closedBreaker, probing, unprobed } from "./breaker.ts";
import { emptyUse, limiterRoom } from "./limiter.ts";
import { effectiveLimit, type Throttle, unthrottled } from "./throttle.ts";
import type { Slot, Store } from "../ledger/store.ts";

/** As `StateChange`, but a block's change names the access instead of the targets that share it. */
export type GateChange = Extract<StateChange, { kind: "breaker" }> | BlockChange;

/** The names under which a target's gates are kept. */
export type GatedTarget = Pick<TargetTerms, "name" | "access" | "credential">;

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/**
 * The gates that an attempt passes before it leaves: limiter and pause (per credential), breaker (per target), block (per
 * access). Kept in the store, so that they survive a restart. Cached here, so that leasing reads nothing from the store.
 */
export class Gates {
  readonly blocks: Blocks;
  readonly #store: Store;
  readonly #report: (change: GateChange) => void;
  readonly #slots = new Map<string, Slot[]>();
  readonly #limits = new Map<string, RateLimit>();
  readonly #throttles = new Map<string, Throttle>();
  readonly #breakers = new Map<string, Breaker>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(store: Store, report: (change: GateChange) => void = () => {}) {
    this.#store = store;
    this.#report = report;
    this.blocks = new Blocks(store, report);
    for (const slot of store.slots()) this.#slotsOf(slot.credential).push(slot);
    for (const [id, facts] of store.gates("credential")) this.#throttles.set(id, facts as Throttle);
    for (const [id, facts] of store.gates("bucket")) this.#buckets.set(id, facts as Bucket);
    for (const [id, facts] of store.gates("target")) this.#breakers.set(id, facts as Breaker);
  }

  /** If targets that share a credential have different limits, the smallest rate counts, and among equal rates the shorter window. */
  setLimits(terms: Iterable<{ readonly credential: string; readonly rateLimit: RateLimit }>): void {
    this.#limits.clear();
    for (const { credential, rateLimit } of terms) {
      const known = this.#limits.get(credential);
      if (!known || isStricter(rateLimit, known)) this.#limits.set(credential, rateLimit);
    }
  }

  /** How many attempts of an urgency the credential has room for now. */
  room(credential: string, of: Urgency, waiting: ReadonlySet<Urgency>, nowMs: number): number {
    const terms = this.#limits.get(credential);
    if (!terms || terms.limit === 0) return Number.POSITIVE_INFINITY;
    const used = emptyUse();
    for (const slot of this.#live(credential, nowMs)) used[slot.urgency]++;
    const limit = effectiveLimit(this.throttle(credential), terms.limit, nowMs);
    if (terms.algorithm === "sliding_window") return limiterRoom(limit, terms, { used, waiting }, of);
    // Guarantees are shares of the bucket's sustained rate. Shares of the whole limit would leave nothing for the last urgency.
    const sustained = Math.max(1, Math.floor(limit * (1 - terms.burst / terms.limit)));
    return Math.min(
      limiterRoom(sustained, terms, { used, waiting }, of),
      Math.floor(this.#tokens(credential, terms, nowMs)),
    );
  }

  /** When a credential without room may have some again. */
  nextRoomAtMs(credential: string, nowMs: number): number | null {
    let nextAtMs: number | null = null;
    for (const { freeAtMs } of this.#live(credential, nowMs))
      if (nextAtMs === null || freeAtMs < nextAtMs) nextAtMs = freeAtMs;
    const terms = this.#limits.get(credential);
    if (terms?.algorithm === "token_bucket") {
      const missing = 1 - this.#tokens(credential, terms, nowMs);
      const refilledAtMs = nowMs + Math.ceil((missing * terms.perMs) / Math.max(1, terms.limit - terms.burst));
      if (missing > 0 && (nextAtMs === null || refilledAtMs < nextAtMs)) nextAtMs = refilledAtMs;
    }
    return nextAtMs;
  }

  /** Charges one attempt, which counts until one window after the latest instant at which the receiver can have got it. */
  charge(slot: Omit<Slot, "freeAtMs">, attemptEndsBeforeMs: number, nowMs: number): void {
    const terms = this.#limits.get(slot.credential);
    if (!terms || terms.limit === 0) return;
    const charged = { ...slot, freeAtMs: attemptEndsBeforeMs + terms.perMs };
    this.#slotsOf(slot.credential).push(charged);
    this.#store.putSlot(charged);
    if (terms.algorithm !== "token_bucket") return;
    const bucket = { tokens: this.#tokens(slot.credential, terms, nowMs) - 1, atMs: nowMs };
    this.#buckets.set(slot.credential, bucket);
    this.#store.putGate("bucket", slot.credential, bucket);
  }

  /** The attempt ended. The receiver counted it now at the latest, so it no longer counts one window (`per`) from now. */
  discharge(credential: string, token: number, nowMs: number): void {
    const slots = this.#slots.get(credential);
    const index = slots?.findIndex((slot) => slot.token === token) ?? -1;
    const slot = slots?.[index];
    if (!slots || !slot) return;
    const freed = { ...slot, freeAtMs: nowMs + (this.#limits.get(credential)?.perMs ?? 0) };
    slots[index] = freed;
    this.#store.putSlot(freed);
  }

  used(credential: string, nowMs: number): number {
    return this.#live(credential, nowMs).length;
  }

  limit(credential: string, nowMs: number): number {
    return effectiveLimit(this.throttle(credential), this.fullLimit(credential), nowMs);
  }

  fullLimit(credential: string): number {
    return this.#limits.get(credential)?.limit ?? 0;
  }

  throttle(credential: string): Throttle {
    return this.#throttles.get(credential) ?? unthrottled;
  }

  putThrottle(credential: string, throttle: Throttle): void {
    if (throttle === this.throttle(credential)) return;
    this.#throttles.set(credential, throttle);
    this.#store.putGate("credential", credential, throttle);
  }

  breaker(target: string): Breaker {
    return this.#breakers.get(target) ?? closedBreaker;
  }

  putBreaker(target: string, breaker: Breaker): void {
    const before = this.breaker(target);
    if (breaker === before) return;
    this.#breakers.set(target, breaker);
    this.#store.putGate("target", target, breaker);
    const { openUntilMs } = breaker;
    const turned = openUntilMs !== before.openUntilMs;
    const state = openUntilMs === null ? "closed" : turned ? "open" : "half_open";
    if (turned || (openUntilMs !== null && before.probe === null && breaker.probe !== null))
      this.#report({ kind: "breaker", target, state, untilMs: openUntilMs });
  }

  breakerOf(target: string, nowMs: number): { state: "closed" | "half_open" | "open"; untilMs: number | null } {
    const breaker = this.breaker(target);
    return { state: breakerState(breaker, nowMs), untilMs: breaker.openUntilMs };
  }

  /** Makes the attempt the probe of every gate that lets only a probe pass. */
  markProbes({ name, access, credential }: GatedTarget, incident: number, token: number, nowMs: number): void {
    const breaker = this.breaker(name);
    if (breakerState(breaker, nowMs) === "half_open") this.putBreaker(name, probing(breaker, incident, token));
    this.blocks.setProbe(access, token);
    const throttle = this.throttle(credential);
    if (throttle.pausedUntilMs !== null) this.putThrottle(credential, { ...throttle, probe: token });
  }

  /** The attempt ended without a verdict on breaker, block or pause. If it was their probe, another attempt may be. */
  freeProbes({ name, access, credential }: GatedTarget, token: number): void {
    this.putBreaker(name, unprobed(this.breaker(name), token));
    this.blocks.freeProbe(access, token);
    const throttle = this.throttle(credential);
    if (throttle.probe === token) this.putThrottle(credential, { ...throttle, probe: null });
  }

  /** An endpoint leaves its access and credential, perhaps with attempts in flight there. Others may probe in their place. */
  abandonProbes(access: string, credential: string): void {
    this.blocks.freeProbe(access);
    const throttle = this.throttle(credential);
    if (throttle.probe !== null) this.putThrottle(credential, { ...throttle, probe: null });
  }

  #slotsOf(credential: string): Slot[] {
    let slots = this.#slots.get(credential);
    if (!slots) this.#slots.set(credential, (slots = []));
    return slots;
  }

  #live(credential: string, nowMs: number): readonly Slot[] {
    const slots = this.#slots.get(credential);
    if (!slots) return [];
    if (!slots.some((slot) => slot.freeAtMs <= nowMs)) return slots;
    const live = slots.filter((slot) => slot.freeAtMs > nowMs);
    this.#slots.set(credential, live);
    this.#store.dropSlots(credential, nowMs);
    return live;
  }

  #tokens(credential: string, terms: RateLimit, nowMs: number): number {
    const bucket = this.#buckets.get(credential) ?? { tokens: terms.burst, atMs: nowMs };
    const refill = ((nowMs - bucket.atMs) / terms.perMs) * (terms.limit - terms.burst);
    return Math.min(terms.burst, bucket.tokens + Math.max(0, refill));
  }
}

/** By rate, then by limit: 120 a minute and 2 a second are the same rate, and 2 a second is the stricter. */
export const isStricter = (a: RateLimit, b: RateLimit): boolean =>
  rateOf(a) === rateOf(b) ? a.limit < b.limit : rateOf(a) < rateOf(b);

const rateOf = ({ limit, perMs }: RateLimit): number => (limit === 0 ? Number.POSITIVE_INFINITY : limit / perMs);
