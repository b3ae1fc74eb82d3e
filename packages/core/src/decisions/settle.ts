import type { AttemptAction, EventAction } from "../incidents/event.ts";
import type { EventIdentity, Incident, Told } from "../incidents/incident.ts";
import type { AttemptReason, Outcome } from "../incidents/outcome.ts";
import type { Severity } from "../alerts/severity.ts";
import { type DeliverySettings, resolveGiveUpAfterMs, throttledWaitMs } from "../incidents/delivery-settings.ts";
import { moreSevere } from "../alerts/severity.ts";

export interface Attempted {
  readonly action: AttemptAction;
  readonly severity: Severity;
  readonly content?: string;
  readonly sinceMs: number;
  /** Nothing left the house. */
  readonly shadow?: true;
  readonly event: EventIdentity;
}

export interface SettleTerms {
  readonly nowMs: number;
  readonly retry: DeliverySettings["retry"];
  /** 0 to 1, for the jitter. */
  readonly random: number;
  /**
   * The key was found bad since the event was refused, or was asked about too long after it: then an accepted question for
   * the key says nothing of the event.
   */
  readonly keyWasDoubtful: boolean;
}

/**
 * What an attempt's outcome makes of its incident: what is told now, and when to look again. The one place that decides
 * it. State, reason and urgency of what is due are derived afterwards (`plan`).
 */
export function settle(incident: Incident, attempted: Attempted, outcome: Outcome, terms: SettleTerms): Incident {
  const { nowMs } = terms;
  const ended: Incident = { ...incident, flight: null, updatedAtMs: nowMs };
  switch (outcome.kind) {
    case "accepted": {
      const { action } = attempted;
      return action === "check"
        ? knownKey(counted(ended), terms)
        : accepted(counted(ended), { ...attempted, action }, terms.nowMs);
    }
    case "retry":
      return later(counted(ended), attempted, outcome, terms);
    case "ambiguous":
      return later(counted(doubted(ended, attempted, nowMs)), attempted, outcome, terms);
    case "refused": {
      const failed = { ...counted(ended), lastFailure: failure(outcome, nowMs) };
      // The key itself is refused: the endpoint is blocked by the caller, the event is not to blame.
      if (attempted.action === "check") return { ...failed, checkKey: false, dueAtMs: nowMs };
      if (outcome.suspectKey) return { ...failed, checkKey: true, dueAtMs: nowMs };
      return dead(failed, "dead_invalid");
    }
    case "blocked":
      return {
        ...counted(ended),
        lastFailure: failure(outcome, nowMs),
        retriedForMs: 0,
        // The block holds it back, so that it leaves as soon as the block ends.
        dueAtMs: nowMs,
      };
    case "interrupted":
      return { ...(outcome.left ? doubted(ended, attempted, nowMs) : ended), dueAtMs: nowMs };
  }
}

const counted = (incident: Incident): Incident => ({ ...incident, attempts: incident.attempts + 1 });

/** The key is good. Was it so when the event was refused, then the event was bad; else it is tried again. */
function knownKey(incident: Incident, { nowMs, retry, random, keyWasDoubtful }: SettleTerms): Incident {
  const asked = { ...incident, checkKey: false };
  if (!keyWasDoubtful) return dead(asked, "dead_invalid");
  const waitMs = backoffMs(incident.failures, retry, random);
  const { failures, retriedForMs } = incident;
  return { ...asked, failures: failures + 1, retriedForMs: retriedForMs + waitMs, dueAtMs: nowMs + waitMs };
}

function accepted(incident: Incident, attempted: Attempted & { action: EventAction }, nowMs: number): Incident {
  return {
    ...incident,
    told: isUpdate(incident, attempted)
      ? updated(incident, attempted, nowMs)
      : toldOf(incident, attempted.action, attempted, true, nowMs),
    opened: incident.opened || attempted.action === "trigger",
    // An incident that a late request closed drops the acknowledge: the trigger is still to be repeated.
    repeat: incident.repeat && attempted.action === "acknowledge",
    unconfirmed: false,
    // An acknowledgement that was on its way does not tell of the new episode.
    renew: incident.renew && attempted.action === "acknowledge",
    failures: 0,
    retriedForMs: 0,
    lastFailure: null,
    dueAtMs: null,
    dueSinceMs: null,
  };
}

/** A trigger that reports changed members leaves an acknowledged incident acknowledged; one that repairs it does not. */
const isUpdate = (incident: Incident, { action }: Attempted): incident is Incident & { told: Told } =>
  action === "trigger" && incident.told?.event === "acknowledge" && incident.told.certain && !incident.repeat;

function updated({ told }: { told: Told }, { severity, content, sinceMs }: Attempted, atMs: number): Told {
  const { content: _, ...others } = told;
  return { ...others, severity, ...(content === undefined ? {} : { content }), atMs, sinceMs };
}

/** The most severe that the target heard stays: lowering it is not told, so raising it back is not news. */
const toldOf = (incident: Incident, event: EventAction, attempted: Attempted, certain: boolean, atMs: number): Told => {
  const { severity, sinceMs, shadow, event: mark } = attempted;
  // Only a trigger says words.
  const { content } = event === "trigger" ? attempted : (incident.told ?? {});
  return {
    event,
    certain,
    severity: event === "trigger" ? severity : moreSevere(severity, incident.told?.severity ?? severity),
    ...(content === undefined ? {} : { content }),
    atMs,
    sinceMs,
    ...(shadow && { shadow }),
    ...((!certain || incident.lateAttempts.length > 0) && { mark }),
  };
};

/** An attempt of unknown fate: told becomes `maybe`, unless the target certainly knows that very event already. */
export function doubted(incident: Incident, attempted: Attempted, nowMs: number): Incident {
  const { told } = incident;
  if (attempted.action === "check") return incident;
  const known = told?.certain && told.event === attempted.action && told.severity === attempted.severity;
  return known ? incident : { ...incident, told: toldOf(incident, attempted.action, attempted, false, nowMs) };
}

function later(
  incident: Incident,
  attempted: Attempted,
  outcome: Extract<Outcome, { kind: "retry" | "ambiguous" }>,
  { nowMs, retry, random }: SettleTerms,
): Incident {
  // What was refused stays what is asked about, however the question fared.
  const lastFailure = attempted.action === "check" ? incident.lastFailure : failure(outcome, nowMs);
  // Throttled: the receiver is well and the event is good, so neither backoff nor giving up counts it.
  if (outcome.reason === "rate_limited") {
    const waitMs = outcome.retryAfterMs ?? throttledWaitMs;
    return { ...incident, lastFailure, dueAtMs: nowMs + waitMs };
  }
  const waitMs = outcome.retryAfterMs ?? backoffMs(incident.failures, retry, random);
  const retriedForMs = incident.retriedForMs + waitMs;
  const failed: Incident = {
    ...incident,
    failures: incident.failures + 1,
    retriedForMs,
    lastFailure,
    dueAtMs: nowMs + waitMs,
  };
  const patience = attempted.action === "resolve" && incident.told !== null ? resolveGiveUpAfterMs : retry.giveUpAfter;
  return retriedForMs > patience ? dead(failed, "dead_expired") : failed;
}

const dead = (incident: Incident, reason: "dead_invalid" | "dead_expired"): Incident => ({
  ...incident,
  state: "dead",
  reason,
  dueAtMs: null,
});

const failure = (outcome: { reason: AttemptReason; detail: string }, atMs: number) => ({
  reason: outcome.reason,
  detail: outcome.detail,
  atMs,
});

/** Exponential with full jitter, at least a tenth of the step, so that no failure is retried at once. */
export function backoffMs(
  failures: number,
  retry: { readonly initial: number; readonly max: number },
  random: number,
): number {
  const step = Math.min(retry.max, retry.initial * 2 ** Math.min(failures, 30));
  return Math.round(step * (0.1 + 0.9 * random));
}
