import type {
  Clock,
  DeliverySettings,
  Incident,
  IncidentView,
  Ledger,
  Lease,
  Outcome,
  Recorded,
  StateChange,
  TargetTerms,
} from "@tocsin/core";
import { deliverySettings } from "@tocsin/engine";
import { firing, resolved, type Saying, wanted } from "../../kit/claims.ts";
import { pagerdutyLimit, targetTerms } from "../../kit/target-terms.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";

export interface LedgerOptions {
  readonly clock: Clock;
  readonly settings: DeliverySettings;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Takes changes of state that are logged for operators. */
  readonly report?: (changes: readonly StateChange[]) => void;
}

/** One implementation of the port, and what it can do. */
export interface LedgerSubject {
  /** An empty ledger. */
  open(options: LedgerOptions): Promise<Ledger>;
  /** It takes its time from the clock it is given. Without that, only what needs no waiting is tested. */
  readonly virtualTime: boolean;
  /** Opens a ledger that outlives the process; absent: the ledger forgets everything. `reopen` is called after the first one was disposed. */
  readonly durable?: Durable;
  /**
   * Several processes work on what is durable at once: a lease of another life is honoured until it ends. Without that, a new
   * life knows that the former is over.
   */
  readonly shared?: boolean;
}

export type Durable = () => Promise<AsyncDisposable & { open(options: LedgerOptions): Promise<Ledger> }>;

export const accepted: Outcome = { kind: "accepted", receipt: "1" };
export const serverError = { kind: "retry", reason: "server", detail: "HTTP 500" } as const satisfies Outcome;
export const timedOut = { kind: "ambiguous", reason: "timeout", detail: "no answer" } as const satisfies Outcome;
export const reset: Outcome = { ...timedOut, reason: "network", detail: "connection reset", receiverClosed: true };
export const refused: Outcome = { kind: "refused", reason: "invalid", detail: "HTTP 422" };
export const suspicious: Outcome = { kind: "refused", reason: "invalid", detail: "HTTP 400", suspectKey: true };
export const unauthorized: Outcome = { kind: "blocked", state: "unauthorized", reason: "auth", detail: "HTTP 401" };
export const tooMany = { kind: "retry", reason: "rate_limited", detail: "HTTP 429" } as const satisfies Outcome;

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** How long a lease outlasts its attempt's timeout here. */
export const leaseMarginMs = 20 * second;
/** Length of a lease for a target with the usual timeout, ms. */
export const leaseMs = 10 * second + leaseMarginMs;

export const quickSettings: DeliverySettings = deliverySettings.parse({});

/** The event of a lease, as text. */
export const said = ({ action, dedupKey }: Lease): string => `${action} ${dedupKey}`;

/** A target with this many attempts a minute and no reserve for criticals. */
export const limited = (limit: number): TargetTerms =>
  targetTerms("pagerduty", { rateLimit: { ...pagerdutyLimit, limit, perMs: minute, reserve: 0 } });

interface Given {
  readonly targets?: readonly TargetTerms[];
  readonly settings?: Partial<DeliverySettings>;
}

type How = Saying & Parameters<typeof wanted>[1];

/** A ledger, its clock, and the words in which tests speak to it. */
export class LedgerHarness implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly ledger: Ledger;
  /** All changes of state that were reported. */
  readonly reported: readonly StateChange[];
  readonly #startsAtMs = new Map<string, number>();

  constructor(ledger: Ledger, clock: VirtualClock, reported: readonly StateChange[] = []) {
    this.ledger = ledger;
    this.clock = clock;
    this.reported = reported;
  }

  static async open(
    subject: Pick<LedgerSubject, "open">,
    given: Given = {},
    clock = new VirtualClock(),
  ): Promise<LedgerHarness> {
    const settings = { ...quickSettings, ...given.settings };
    const reported: StateChange[] = [];
    const report = (changes: readonly StateChange[]) => void reported.push(...changes);
    const harness = new LedgerHarness(
      await subject.open({ clock, settings, random: () => 1, report }),
      clock,
      reported,
    );
    await harness.ledger.useTargets(given.targets ?? [targetTerms("pagerduty")]);
    return harness;
  }

  /** Without `startsAtMs`: since an hour before the test. */
  fires(name: string, how: How = {}): Promise<Recorded> {
    const claim = firing(name, how);
    this.#startsAtMs.set(name, claim.alert.startsAtMs);
    return this.says(claim, how);
  }

  /** Without `startsAtMs`, the alert that was last recorded as firing. */
  ends(name: string, how: How = {}): Promise<Recorded> {
    const startsAtMs = how.startsAtMs ?? this.#startsAtMs.get(name);
    return this.says(resolved(name, { ...how, ...(startsAtMs === undefined ? {} : { startsAtMs }) }), how);
  }

  async says(claim: Parameters<typeof wanted>[0], how: How = {}): Promise<Recorded> {
    const [recorded] = await this.ledger.record([wanted(claim, how)]);
    if (!recorded) throw new Error("a claim has one result");
    return recorded;
  }

  /** Leases everything that is due now; repeats while the ledger reports more work at this instant. */
  async claim(max = 100, owner = "worker"): Promise<readonly Lease[]> {
    const request = { owner, max, concurrency: 200, leaseMarginMs, ahead: { targets: [], factor: 1 } };
    for (let asked = 0; asked < 10; asked++) {
      const { leases, nextAtMs, nowMs } = await this.ledger.leaseDue(request);
      if (leases.length > 0 || nextAtMs === null || nextAtMs > nowMs) return leases;
    }
    return [];
  }

  /** The one attempt that is due. */
  async claimOne(owner = "worker"): Promise<Lease> {
    const leases = await this.claim(100, owner);
    if (leases.length !== 1) throw new Error(`expected one lease, not ${leases.length}`);
    return leases[0] as Lease;
  }

  async settle(lease: Lease, outcome: Outcome = accepted): Promise<boolean> {
    const [applied] = await this.ledger.settle([{ lease, outcome, rendered: { dedup_key: lease.dedupKey } }]);
    return applied === true;
  }

  /** Makes the one attempt that is due, with this outcome. */
  async attempt(outcome: Outcome = accepted): Promise<Lease> {
    const lease = await this.claimOne();
    await this.settle(lease, outcome);
    return lease;
  }

  /** Delivers everything that is due now or becomes due by that; returns the events in order. */
  async tell(): Promise<string[]> {
    const told: string[] = [];
    for (let round = 0; round < 100; round++) {
      const leases = await this.claim();
      if (leases.length === 0) return told;
      for (const lease of leases) {
        told.push(said(lease));
        await this.settle(lease);
      }
    }
    throw new Error("never quiet");
  }

  /** Lets time pass and tells what is due at its end. */
  async after(ms: number): Promise<string[]> {
    await this.clock.advance(ms);
    return this.tell();
  }

  /** All episodes, newest first. */
  async views(): Promise<readonly IncidentView[]> {
    return (await this.ledger.incidents({ limit: 1_000 })).incidents;
  }

  /** The newest episode, and how it stands. */
  async newest(): Promise<Incident & Pick<IncidentView, "state" | "reason">> {
    const [view] = await this.views();
    if (!view) throw new Error("there is no incident");
    return { ...view.incident, state: view.state, reason: view.reason };
  }

  /** As `state reason`, newest first. */
  async stands(): Promise<string[]> {
    return (await this.views()).map(({ state, reason }) => `${state} ${reason}`);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.ledger[Symbol.asyncDispose]();
  }
}
