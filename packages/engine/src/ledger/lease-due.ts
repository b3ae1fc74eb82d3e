import {
  type LeaseRequest,
  doubted,
  eventIdentity,
  type Flight,
  type Incident,
  nextAction,
  type LateAttempt,
  repairLateAttempts,
  unacceptedAfter,
  urgencies,
  type Urgency,
  urgencyOf,
} from "@tocsin/core/decisions";
import { breakerState, probing, unprobed } from "../admission/breaker.ts";
import type { InFlight } from "../worker/in-flight.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { eventContent } from "./event-content.ts";
import type { Waiting } from "../admission/gates.ts";
import { notifyFallback } from "./notify-fallback.ts";
import { letTimePass } from "./record-claims.ts";
import { type PackedLeaseBatch, type PackedLease, placeOf } from "./wire-format.ts";
import { repeatDue } from "./reminders.ts";
import type { EndpointRecord, Lane } from "./store.ts";

/** Alerts whose time has come that one claim looks at: a bound on the commit, not on the work; the rest comes next. */
const mostLookedAt = 500;

/**
 * Leases what is due, most urgent first over all targets, in turn among the targets of one urgency, as far as limiter,
 * pause, breaker, block and bulkhead allow; charges the limiter. Lets time pass first.
 */
export function leaseDue(context: LedgerContext, inFlight: InFlight, request: LeaseRequest): PackedLeaseBatch {
  const { store, nowMs } = context;
  for (const { fingerprint } of store.alertsToLookAt(nowMs, mostLookedAt)) letTimePass(context, fingerprint);

  // Before anything is weighed: an owner that is gone may hold a probe or a place that all others wait for.
  for (const id of context.leaseExpiry.expired(nowMs)) {
    const incident = store.incident(id);
    if (incident?.flight) context.planned(incident, takeOver(context, inFlight, incident));
    else context.leaseExpiry.delete(id);
  }
  for (const incident of store.fallbacksDue(nowMs, mostLookedAt)) notifyFallback(context, incident);

  const claim = new Claiming(context, inFlight, request);
  const lanes = store.lanes();
  const waiting = context.waiting(lanes);
  for (const urgency of urgencies) {
    if (claim.full) break;
    const due = lanes.filter((lane) => lane.urgency === urgency && lane.nextDueAtMs <= nowMs);
    if (due.length > 0) claim.takeFrom(due, waiting);
  }
  for (const lane of store.lanes()) if (lane.nextDueAtMs > nowMs) claim.lookAgain(lane.nextDueAtMs);
  claim.lookAgain(store.nextLookAtMs());
  claim.lookAgain(store.nextFallbackAtMs());
  claim.lookAgain(context.leaseExpiry.nextAtMs());
  return { leases: claim.leases, sealed: claim.sealed, nextAtMs: claim.nextAtMs, nowMs, limited: [...claim.limited] };
}

class Claiming {
  readonly leases: PackedLease[] = [];
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

  /** In turn: a share each, then what is left over, until nobody takes any more. */
  takeFrom(lanes: readonly Lane[], waiting: Waiting): void {
    // Begins with another target each time, so that the first in the list has no advantage.
    const start = lanes.length === 1 ? 0 : this.#context.nextToken() % lanes.length;
    const turns = [...lanes.slice(start), ...lanes.slice(0, start)];
    for (let active = turns; active.length > 0 && !this.full;) {
      const share = active.length === 1 ? this.#request.max : this.#shareOf(active.length);
      active = active.filter((lane) => !this.full && this.#take(lane, share, waiting) === share);
    }
  }

  /** Small steps: who is first in line must not fill the bulkhead before the others had their turn. */
  #shareOf(lanes: number): number {
    return Math.max(1, Math.floor(Math.min(this.#request.max, this.#request.concurrency) / (2 * lanes)));
  }

  #take(lane: Lane, share: number, waiting: Waiting): number {
    const context = this.#context;
    const endpoint = context.endpoint(lane.endpoint);
    const most = Math.min(
      share,
      this.#request.max - this.leases.length,
      this.#allowed(endpoint, lane.urgency, waiting),
    );
    if (most <= 0) return 0;
    const breaker = context.gates.breaker(endpoint.terms.name);
    const half = breakerState(breaker, context.nowMs) === "half_open";
    let taken = 0;
    // One more than needed where a probe should avoid the incident that failed the last one.
    const due = context.store.dueIn(lane.endpoint, lane.urgency, context.nowMs, half ? 2 : most);
    const candidates = half && due.length > 1 && due[0]?.id === breaker.lastProbed ? due.slice(1) : due;
    for (const incident of candidates.slice(0, most)) if (this.#lease(incident, endpoint)) taken++;
    return taken === most ? share : taken;
  }

  /** How many attempts may leave for this endpoint now; notes when to look again where that is a matter of time. */
  #allowed({ id, terms }: EndpointRecord, of: Urgency, waiting: Waiting): number {
    const { gates, nowMs } = this.#context;
    const { owner, concurrency, ahead } = this.#request;
    const factor = ahead.targets.includes(terms.name) ? ahead.factor : 1;
    let most = this.#inFlight.room(owner, terms.name, concurrency * factor, of);
    if (most <= 0) return 0;

    const breaker = gates.breaker(terms.name);
    const state = breakerState(breaker, nowMs);
    if (state === "open") {
      this.lookAgain(breaker.openUntilMs);
      return 0;
    }
    if (state === "half_open") most = breaker.probe === null ? 1 : 0;

    const block = gates.block(terms.access);
    if (block) {
      if (nowMs < block.untilMs) this.lookAgain(block.untilMs);
      most = nowMs < block.untilMs || block.probe !== null ? 0 : Math.min(most, 1);
    }

    const throttle = gates.throttle(terms.credential);
    if (throttle.pausedUntilMs !== null) {
      const over = nowMs >= throttle.pausedUntilMs;
      if (!over) {
        this.lookAgain(throttle.pausedUntilMs);
        if (this.#waits(id, of)) this.limited.add(terms.name);
      }
      most = over && throttle.probe === null ? Math.min(most, 1) : 0;
    }
    if (most <= 0) return 0;

    const room = gates.room(terms.credential, of, waiting.at(terms.credential), nowMs);
    if (room <= 0) {
      this.lookAgain(gates.nextRoomAtMs(terms.credential, nowMs));
      if (this.#waits(id, of)) this.limited.add(terms.name);
    }
    return Math.min(most, room);
  }

  /** A lane may have been emptied by this very claim. */
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
      // Nothing to send now, or something of another urgency: it is planned again and taken in its own turn.
      context.planned(due, again === "unconfirmed" ? { ...incident, unconfirmed: true } : incident);
      // Its place in this claim went unused, so what stands behind it must not wait for another reason to ask.
      this.lookAgain(nowMs);
      return false;
    }
    const { terms } = endpoint;
    const token = context.nextToken();
    const timeoutMs = terms.timeoutMs;
    const leaseMs = timeoutMs + this.#request.leaseMarginMs;
    const { severity, content } = incident.wanted;
    // What a live target was told is ended for real, though it is a shadow now.
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
    context.planned(due, { ...incident, flight, updatedAtMs: nowMs });
    this.#inFlight.add(this.#request.owner, terms.name);
    context.leaseExpiry.set(due.id, flight.leaseUntilMs);
    // A shadow sends nothing: it takes no room from others that share its credential, and answers for nobody.
    if (!shadow) {
      const { credential } = terms;
      gates.charge({ token, credential, urgency: due.urgency }, flight.leaseUntilMs + timeoutMs, nowMs);
      this.#markProbes(endpoint, incident.id, token);
    }
    const attempt = {
      token,
      action,
      event,
      urgency: due.urgency,
      shadow,
      timeoutMs,
      leaseMs,
      leaseUntilMs: flight.leaseUntilMs,
    };
    const lease = leaseOf(context, incident, endpoint, attempt);
    this.leases.push(lease);
    this.sealed[placeOf(lease)] = terms.sealed;
    return true;
  }

  #markProbes({ terms }: EndpointRecord, incident: number, token: number): void {
    const { gates, nowMs } = this.#context;
    const breaker = gates.breaker(terms.name);
    if (breakerState(breaker, nowMs) === "half_open") gates.putBreaker(terms.name, probing(breaker, incident, token));
    const block = gates.block(terms.access);
    if (block) gates.putBlock(terms.access, { ...block, probe: token });
    const throttle = gates.throttle(terms.credential);
    if (throttle.pausedUntilMs !== null) gates.putThrottle(terms.credential, { ...throttle, probe: token });
  }
}

/** Takes over from an owner whose lease ran out: what it tried may have been told, and may still arrive. */
export function takeOver(context: LedgerContext, inFlight: InFlight, incident: Incident): Incident {
  const { flight } = incident;
  if (!flight) return incident;
  const endpoint = context.endpoint(incident.endpoint);
  inFlight.remove(flight.owner, endpoint.terms.name);
  context.leaseExpiry.delete(incident.id);
  freeProbes(context, endpoint, flight.token);
  context.note(incident.id, "lease_lost", flight.action);
  const unaccepted = unacceptedAfter(incident, flight);
  const doubtful = doubted({ ...incident, flight: null, unaccepted }, flight, context.nowMs);
  const late = withLate(endpoint, doubtful, flight, flight.leaseUntilMs + endpoint.terms.timeoutMs);
  return { ...late, dueAtMs: context.nowMs };
}

/**
 * Records that an attempt may still arrive until then, after the event that comes next: once that is past, what it may have
 * undone is repeated. Receivers without state have nothing to undo.
 */
export function withLate({ terms }: EndpointRecord, incident: Incident, flight: Flight, untilMs: number): Incident {
  const { token, action, content } = flight;
  if (action === "check" || terms.traits.stateless) return incident;
  const late: LateAttempt = { token, action, ...(content === undefined ? {} : { content }), untilMs };
  return { ...incident, lateAttempts: [...incident.lateAttempts, late] };
}

/** An attempt ended without a verdict on breaker, block or pause: another may ask. */
export function freeProbes(context: LedgerContext, { terms }: EndpointRecord, token: number): void {
  const { gates } = context;
  gates.putBreaker(terms.name, unprobed(gates.breaker(terms.name), token));
  const block = gates.block(terms.access);
  if (block?.probe === token) gates.putBlock(terms.access, { ...block, probe: null });
  const throttle = gates.throttle(terms.credential);
  if (throttle.probe === token) gates.putThrottle(terms.credential, { ...throttle, probe: null });
}

function leaseOf(
  context: LedgerContext,
  incident: Incident,
  endpoint: EndpointRecord,
  attempt: Pick<
    PackedLease,
    "token" | "action" | "event" | "urgency" | "shadow" | "timeoutMs" | "leaseMs" | "leaseUntilMs"
  >,
): PackedLease {
  const { terms } = endpoint;
  return {
    ...eventContent(context.store, incident),
    ...attempt,
    endpoint: terms.endpoint,
    acceptedAtMs: incident.acceptedAtMs,
    first: attempt.action === "trigger" && !incident.opened,
  };
}
