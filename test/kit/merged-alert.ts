import { type Claim, type ClaimState, expireClaim, type MergedClaim, mergeClaim, nextExpiryAtMs } from "@tocsin/core";

/** A change of the alert as its targets would get it. `again`: a resolve was lost, so it is triggered again. */
export interface AlertChange {
  readonly atMs: number;
  readonly what: "fires" | "ends" | "again";
}

export interface MergedAlertTerms {
  readonly reorderWindow: number;
  readonly doubtfulEnd: number;
  readonly staleAfter: number;
}

export const defaultMergeTerms: MergedAlertTerms = {
  reorderWindow: 10_000,
  doubtfulEnd: 30 * 60_000,
  staleAfter: 24 * 3_600_000,
};

/** One alert and its claims, merged by the decisions that the ledger uses, but without a ledger. */
export class MergedAlert {
  readonly changes: AlertChange[] = [];
  claims: Readonly<Record<string, ClaimState>> = {};
  /** Episodes of change events: how often a target would be sent one. */
  begun = 0;
  readonly #terms: MergedAlertTerms;
  #nowMs = 0;
  readonly #heardAtMs = new Map<string, number>();

  constructor(terms: MergedAlertTerms = defaultMergeTerms) {
    this.#terms = terms;
  }

  get fires(): boolean {
    return Object.values(this.claims).some(({ status }) => status === "firing");
  }

  receive(claim: Claim, nowMs: number): MergedClaim {
    this.passTo(nowMs);
    const { source, sender = "", origin = "" } = claim;
    const key = [source, sender, origin].join(" ");
    const fired = this.fires;
    const merged = mergeClaim(this.claims[key], claim, nowMs, this.#terms, this.claims);
    this.#put({ ...this.claims, [key]: merged.state }, nowMs);
    if (merged.endLost) this.changes.push({ atMs: nowMs, what: "again" });
    if (merged.begins && (merged.endLost || !fired)) this.begun++;
    this.#heardAtMs.set(source, nowMs);
    this.#nowMs = nowMs;
    this.passTo(nowMs);
    return merged;
  }

  /** Lets time pass, in the order in which it changes claims. */
  passTo(nowMs: number): void {
    for (;;) {
      const due = Object.values(this.claims).map((state) => nextExpiryAtMs(state, this.#passing(state, nowMs)));
      const atMs = due.reduce((a, b) => (b !== null && (a === null || b < a) ? b : a), null);
      if (atMs === null || atMs > nowMs) return;
      // A source that is heard late ends its claims then, not at the time that they name.
      const nextMs = Math.max(atMs, this.#nowMs);
      const passed = Object.entries(this.claims).map(([key, state]) => [
        key,
        expireClaim(state, this.#passing(state, nextMs)),
      ]);
      this.#put(Object.fromEntries(passed), nextMs);
    }
  }

  #passing({ source }: ClaimState, nowMs: number) {
    const { staleAfter } = this.#terms;
    return { nowMs, lastRequestAtMs: this.#heardAtMs.get(source), graceUntilMs: 0, staleAfter };
  }

  #put(claims: Readonly<Record<string, ClaimState>>, atMs: number): void {
    const fired = this.fires;
    this.claims = claims;
    if (this.fires !== fired) this.changes.push({ atMs, what: fired ? "ends" : "fires" });
  }
}
