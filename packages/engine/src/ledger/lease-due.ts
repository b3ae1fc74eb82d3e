import {
  type LeaseRequest,
  type LeaseTrace,
  eventIdentity,
  type Flight,
  type Incident,
  nextAction,
  repairLateAttempts,
  repeatCause,
  urgencies,
  type Urgency,
  urgencyOf,
} from "@tocsin/core/decisions";
import { breakerState } from "../admission/breaker.ts";
import type { WaitingUrgencies } from "../admission/waiting-urgencies.ts";
import type { InFlight } from "../worker/in-flight.ts";
import { eventContent } from "./event-content.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { markNotTold } from "./mark-not-told.ts";
import { passFallbackTime } from "./pass-fallback-time.ts";
import { letTimePass } from "./record-claims.ts";
import { repeatDue } from "./reminders.ts";
import type { EndpointRecord, Lane } from "./store.ts";
import { takeOver } from "./take-over.ts";
import { type PackedLeaseBatch, sealedKey } from "./wire-format.ts";

/** Maximum number of due alerts, and of due fallbacks, per request. This bounds the commit; the next request takes the rest. */
const maxLookedAt = 500;

/**
 * Leases what is due and charges the limiter for it. The most urgent goes first over all targets; targets of one urgency
 * alternate. Limiter, pause, breaker, block and bulkhead bound what a target gets. Before that, applies the passing of time.
 */
export function leaseDue(context: LedgerContext, inFlight: InFlight, request: LeaseRequest): PackedLeaseBatch {
  const { store, nowMs } = context;
  for (const { fingerprint } of store.alertsToLookAt(nowMs, maxLookedAt)) letTimePass(context, fingerprint);

  // First of all, because an owner that is gone may hold a probe or a place that all others wait for.
  for (const id of context.leaseExpiry.expired(nowMs)) {
    const incident = store.incident(id);
    if (incident?.flight) context.putDerived(incident, takeOver(context, inFlight, incident));
    else context.leaseExpiry.delete(id);
  }
  for (const incident of store.fallbacksDue(nowMs, maxLookedAt)) passFallbackTime(context, incident);

  const round = new LeaseRound(context, inFlight, request);
  const lanes = store.lanes();
  const waiting = context.waiting(lanes);
  for (const urgency of urgencies) {
    if (round.full) break;
    const due = lanes.filter((lane) => lane.urgency === urgency && lane.nextDueAtMs <= nowMs);
    if (due.length > 0) round.leaseFrom(due, waiting);
  }
  for (const lane of store.lanes()) if (lane.nextDueAtMs > nowMs) round.lookAgain(lane.nextDueAtMs);
  round.lookAgain(store.nextLookAtMs());
  round.lookAgain(store.nextFallbackAtMs());
  round.lookAgain(context.leaseExpiry.nextAtMs());
  return { leases: round.leases, sealed: round.sealed, nextAtMs: round.nextAtMs, nowMs, limited: [...round.limited] };
}

const leaseTrace = ({ dueSinceMs, attempts }: Incident, parent: string): LeaseTrace => ({
  parent,
  dueSinceMs,
  attempt: attempts + 1,
});

/** The leases of one request, while they are collected. */
class LeaseRound {
  readonly leases: PackedLeaseBatch["leases"][number][] = [];
  readonly sealed: Record<string, string> = {};
  readonly limited = new Set<string>();
  nextAtMs: number | null = null;
  readonly #context: LedgerContext;
  readonly #inFlight: InFlight;
  readonly #request: LeaseRequest;

  constructor(context: LedgerContext, inFlight: InFlight, request: LeaseRequest) {
    this.#context = context;
    this.#inFlight = inFlight;
    this.#request = request;
  }

  get full(): boolean {
    return this.leases.length >= this.#request.max;
  }

  lookAgain(atMs: number | null): void {
    if (atMs !== null && (this.nextAtMs === null || atMs < this.nextAtMs)) this.nextAtMs = atMs;
  }

  /** The lanes alternate: each gets a share, then another, until none takes any more. */
  leaseFrom(lanes: readonly Lane[], waiting: WaitingUrgencies): void {
    // Begins with a different lane each time, so that the first in the list has no advantage.
    const start = lanes.length === 1 ? 0 : this.#context.nextToken() % lanes.length;
    const order = [...lanes.slice(start), ...lanes.slice(0, start)];
    for (let active = order; active.length > 0 && !this.full;) {
      const share = active.length === 1 ? this.#request.max : this.#shareOf(active.length);
      active = active.filter((lane) => !this.full && this.#leaseShare(lane, share, waiting) === share);
    }
  }

  /** Shares are small, because the first lane must not fill the bulkhead before the others had their turn. */
  #shareOf(lanes: number): number {
    return Math.max(1, Math.floor(Math.min(this.#request.max, this.#request.concurrency) / (2 * lanes)));
  }

  /** Returns `share` if the lane may have more work for another turn, otherwise less. */
  #leaseShare(lane: Lane, share: number, waiting: WaitingUrgencies): number {
    const context = this.#context;
    const endpoint = context.endpoint(lane.endpoint);
    const max = Math.min(share, this.#request.max - this.leases.length, this.#allowed(endpoint, lane.urgency, waiting));
    if (max <= 0) return 0;
    const breaker = context.gates.breaker(endpoint.terms.name);
    const half = breakerState(breaker, context.nowMs) === "half_open";
    let taken = 0;
    // A probe should not be the incident that failed the last probe, so it reads one more to choose from.
    const due = context.store.dueIn(lane.endpoint, lane.urgency, context.nowMs, half ? 2 : max);
    const candidates = half && due.length > 1 && due[0]?.id === breaker.lastProbed ? due.slice(1) : due;
    for (const incident of candidates.slice(0, max)) if (this.#lease(incident, endpoint)) taken++;
    return taken === max ? share : taken;
  }

  /** How many attempts may leave for this endpoint now. If only time holds them back, notes when to look again. */
  #allowed({ id, terms }: EndpointRecord, of: Urgency, waiting: WaitingUrgencies): number {
    const { gates, nowMs } = this.#context;
    const { owner, concurrency, ahead } = this.#request;
    const factor = ahead.targets.includes(terms.name) ? ahead.factor : 1;
    let max = this.#inFlight.room(owner, terms.name, concurrency * factor, of);
    if (max <= 0) return 0;

    const breaker = gates.breaker(terms.name);
    const state = breakerState(breaker, nowMs);
    if (state === "open") {
      this.lookAgain(breaker.openUntilMs);
      return 0;
    }
    if (state === "half_open") max = breaker.probe === null ? 1 : 0;

    const block = gates.blocks.at(terms.access);
    if (block) {
      if (nowMs < block.untilMs) this.lookAgain(block.untilMs);
      max = nowMs < block.untilMs || block.probe !== null ? 0 : Math.min(max, 1);
    }

    const throttle = gates.throttle(terms.credential);
    if (throttle.pausedUntilMs !== null) {
      const over = nowMs >= throttle.pausedUntilMs;
      if (!over) {
        this.lookAgain(throttle.pausedUntilMs);
        if (this.#waits(id, of)) this.limited.add(terms.name);
      }
      max = over && throttle.probe === null ? Math.min(max, 1) : 0;
    }
    if (max <= 0) return 0;

    const room = gates.room(terms.credential, of, waiting.at(terms.credential), nowMs);
    if (room <= 0) {
      this.lookAgain(gates.nextRoomAtMs(terms.credential, nowMs));
      if (this.#waits(id, of)) this.limited.add(terms.name);
    }
    return Math.min(max, room);
  }

  /** Read from the store, because this round may have emptied the lane. */
  #waits(endpoint: number, of: Urgency): boolean {
    return this.#context.store.dueIn(endpoint, of, this.#context.nowMs, 1).length > 0;
  }

  #lease(due: Incident, endpoint: EndpointRecord): boolean {
    const context = this.#context;
    const { nowMs, gates } = context;
    const incident = repairLateAttempts(due, (one) => one.untilMs <= nowMs);
    const dueTerms = context.dueTerms(incident);
    const owed = nextAction(incident, dueTerms);
    const again = owed === null ? repeatDue(context, incident, dueTerms) : null;
    const action = owed ?? (again === "repeat" ? "trigger" : null);
    if (action === null || (owed !== null && urgencyOf(incident, owed) !== due.urgency)) {
      // Nothing to send now, or an event of another urgency: store the derived state, and lease it in its own turn.
      context.putDerived(due, again === "unconfirmed" ? { ...incident, unconfirmed: true } : incident);
      // Its place in this round stays unused. Incidents behind it must not wait for another reason to look.
      this.lookAgain(nowMs);
      return false;
    }
    const { terms } = endpoint;
    if (action === "change" && terms.takesChanges === false && incident.told === null) {
      // It waited while the configuration changed. The receiver may even refuse it.
      markNotTold(context, incident);
      this.lookAgain(nowMs);
      return false;
    }
    const token = context.nextToken();
    const timeoutMs = terms.timeoutMs;
    const leaseMs = timeoutMs + this.#request.leaseMarginMs;
    const { severity, content } = incident.wanted;
    // An incident that was sent while its target was live is really resolved, although the target is a shadow now.
    const shadow = terms.shadow && (incident.told === null || incident.told.shadow === true);
    const event = eventIdentity(incident, { action, severity, content, token, atMs: nowMs });
    const flight: Flight = {
      token,
      owner: this.#request.owner,
      action,
      severity,
      event,
      ...(content === undefined ? {} : { content }),
      ...(shadow && { shadow }),
      sinceMs: nowMs,
      leaseUntilMs: nowMs + leaseMs,
    };
    context.putDerived(due, { ...incident, flight, updatedAtMs: nowMs });
    this.#inFlight.add(this.#request.owner, terms.name);
    context.leaseExpiry.set(due.id, flight.leaseUntilMs);
    // A shadow sends nothing: it needs no room in the limit that it shares, and its result says nothing about a receiver.
    if (!shadow) {
      const { credential } = terms;
      gates.charge({ token, credential, urgency: due.urgency }, flight.leaseUntilMs + timeoutMs, nowMs);
      gates.markProbes(terms, incident.id, token, nowMs);
    }
    const lease: PackedLeaseBatch["leases"][number] = {
      ...eventContent(context.store, incident),
      token,
      action,
      event,
      urgency: due.urgency,
      shadow,
      timeoutMs,
      leaseMs,
      leaseUntilMs: flight.leaseUntilMs,
      endpoint: terms.endpoint,
      acceptedAtMs: incident.acceptedAtMs,
      first: action === "trigger" && !incident.opened,
    };
    const cause = incident.receipt === undefined ? undefined : repeatCause(incident, action);
    const caused = cause === undefined ? lease : { ...lease, cause };
    this.leases.push(
      incident.trace === undefined ? caused : { ...caused, trace: leaseTrace(incident, incident.trace) },
    );
    this.sealed[sealedKey(lease)] = terms.sealed;
    return true;
  }
}
