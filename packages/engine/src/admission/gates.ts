import { blockedRetryMs, type RateLimit, type StateChange, type Urgency } from "@tocsin/core/decisions";
import { type Breaker, breakerState, closedBreaker } from "./breaker.ts";
import { emptyUse, room } from "./limiter.ts";
import { effectiveLimit, type Throttle, unthrottled } from "./throttle.ts";
import type { Slot, Store } from "../ledger/store.ts";

/** A target that refuses its credential or address: asked again once a minute by one probe. */
export interface Block {
  readonly state: "unauthorized" | "misconfigured";
  readonly detail: string;
  readonly untilMs: number;
  readonly probe: number | null;
}

/** As `StateChange`, before it is known which targets share the access. */
export type GateChange =
  | Extract<StateChange, { kind: "breaker" }>
  | ({ readonly access: string } & Omit<Extract<StateChange, { kind: "blocked" }>, "targets">)
  | ({ readonly access: string } & Omit<Extract<StateChange, { kind: "unblocked" }>, "targets">);

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/**
 * What stands between due work and the wire, per credential (limiter, pause), target (breaker) and access (block).
 * Kept in the store, so that it survives restarts; read through here, so that a claim asks the store nothing.
 */
export class Gates {
  readonly #store: Store;
  readonly #report: (change: GateChange) => void;
  readonly #slots = new Map<string, Slot[]>();
  readonly #limits = new Map<string, RateLimit>();
  readonly #throttles = new Map<string, Throttle>();
  readonly #breakers = new Map<string, Breaker>();
  readonly #blocks = new Map<string, Block>();
  readonly #repairedAtMs = new Map<string, number>();
  readonly #buckets = new Map<string, Bucket>();

  constructor(store: Store, report: (change: GateChange) => void = () => {}) {
    this.#store = store;
    this.#report = report;
    for (const slot of store.slots()) this.#slotsOf(slot.credential).push(slot);
    for (const [id, facts] of store.gates("credential")) this.#throttles.set(id, facts as Throttle);
    for (const [id, facts] of store.gates("bucket")) this.#buckets.set(id, facts as Bucket);
    for (const [id, facts] of store.gates("target")) this.#breakers.set(id, facts as Breaker);
    for (const [id, facts] of store.gates("endpoint")) {
      const { repairedAtMs } = facts as { repairedAtMs?: number };
      if (repairedAtMs === undefined) this.#blocks.set(id, facts as Block);
      else this.#repairedAtMs.set(id, repairedAtMs);
    }
  }

  /** Where targets that share a credential differ, the smallest limit per time wins; of equal ones, the shorter window. */
  setLimits(terms: Iterable<{ readonly credential: string; readonly rateLimit: RateLimit }>): void {
    this.#limits.clear();
    for (const { credential, rateLimit } of terms) {
      const known = this.#limits.get(credential);
      if (!known || isStricter(rateLimit, known)) this.#limits.set(credential, rateLimit);
    }
  }

  /** How many attempts of an urgency the credential stands now. */
  room(credential: string, of: Urgency, waiting: ReadonlySet<Urgency>, nowMs: number): number {
    const terms = this.#limits.get(credential);
    if (!terms || terms.limit === 0) return Number.POSITIVE_INFINITY;
    const used = emptyUse();
    for (const slot of this.#live(credential, nowMs)) used[slot.urgency]++;
    const limit = effectiveLimit(this.throttle(credential), terms.limit, nowMs);
    if (terms.algorithm === "sliding_window") return room(limit, terms, { used, waiting }, of);
    // Shares are of what a bucket gives in the long run: of the whole limit, the last in order would go short.
    const sustained = Math.max(1, Math.floor(limit * (1 - terms.burst / terms.limit)));
    return Math.min(room(sustained, terms, { used, waiting }, of), Math.floor(this.#tokens(credential, terms, nowMs)));
  }

  /** When a credential without room may have some again. */
  nextRoomAtMs(credential: string, nowMs: number): number | null {
    let soonest: number | null = null;
    for (const { freeAtMs } of this.#live(credential, nowMs))
      if (soonest === null || freeAtMs < soonest) soonest = freeAtMs;
    const terms = this.#limits.get(credential);
    if (terms?.algorithm === "token_bucket") {
      const missing = 1 - this.#tokens(credential, terms, nowMs);
      const refilledAtMs = nowMs + Math.ceil((missing * terms.perMs) / Math.max(1, terms.limit - terms.burst));
      if (missing > 0 && (soonest === null || refilledAtMs < soonest)) soonest = refilledAtMs;
    }
    return soonest;
  }

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

  /** The attempt ended: the receiver counted it at the latest now, so it forgets it `per` from now. */
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

  block(access: string): Block | undefined {
    return this.#blocks.get(access);
  }

  putBlock(access: string, block: Block): void {
    this.#blocks.set(access, block);
    this.#store.putGate("endpoint", access, block);
  }

  /** Something that authenticates has changed: what was refused before says nothing about the access. */
  renew(access: string, nowMs: number): void {
    this.#blocks.delete(access);
    this.#repairedAtMs.set(access, nowMs);
    this.#store.putGate("endpoint", access, { repairedAtMs: nowMs });
  }

  /** An endpoint leaves its access and credential while attempts may be under way there: others may ask in their place. */
  abandonProbes(access: string, credential: string): void {
    const block = this.#blocks.get(access);
    if (block && block.probe !== null) this.putBlock(access, { ...block, probe: null });
    const throttle = this.throttle(credential);
    if (throttle.probe !== null) this.putThrottle(credential, { ...throttle, probe: null });
  }

  /** Whether an attempt began before the access was repaired or changed. */
  isOutdated(access: string, sinceMs: number): boolean {
    return (this.#repairedAtMs.get(access) ?? Number.NEGATIVE_INFINITY) > sinceMs;
  }

  /** It takes events again. */
  unblock(access: string, nowMs: number): void {
    if (!this.#blocks.delete(access)) return;
    this.#repairedAtMs.set(access, nowMs);
    this.#store.putGate("endpoint", access, { repairedAtMs: nowMs });
    this.#report({ kind: "unblocked", access });
  }

  /** One attempt asks now, not at the end of the wait. */
  retryBlocked(access: string, nowMs: number): void {
    const block = this.#blocks.get(access);
    if (block && block.untilMs > nowMs) this.putBlock(access, { ...block, untilMs: nowMs });
  }

  /** What was refused then may have been refused for the key that was bad, or is. */
  blockedSince(access: string, atMs: number): boolean {
    return this.#blocks.has(access) || (this.#repairedAtMs.get(access) ?? Number.NEGATIVE_INFINITY) >= atMs;
  }

  blockFor(access: string, state: Block["state"], detail: string, nowMs: number): void {
    if (this.#blocks.get(access)?.state !== state) this.#report({ kind: "blocked", access, state, detail });
    this.putBlock(access, { state, detail, untilMs: nowMs + blockedRetryMs, probe: null });
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

/** Two in a second are stricter than 120 in a minute. */
export const isStricter = (a: RateLimit, b: RateLimit): boolean =>
  pace(a) === pace(b) ? a.limit < b.limit : pace(a) < pace(b);

const pace = ({ limit, perMs }: RateLimit): number => (limit === 0 ? Number.POSITIVE_INFINITY : limit / perMs);

/** Which urgencies have due work, by credential: guarantees are owed to those alone that share its limit. */
export class Waiting {
  readonly #byCredential = new Map<string, Set<Urgency>>();

  add(credential: string, of: Urgency): void {
    const known = this.#byCredential.get(credential);
    if (known) known.add(of);
    else this.#byCredential.set(credential, new Set([of]));
  }

  at(credential: string): ReadonlySet<Urgency> {
    return this.#byCredential.get(credential) ?? none;
  }
}

const none: ReadonlySet<Urgency> = new Set();
