import type { EventAction } from "../incidents/event.ts";
import type { Flight, Incident, Told } from "../incidents/incident.ts";
import type { AttemptReason, Outcome } from "../incidents/outcome.ts";
import { resolveGiveUpAfterMs, throttledWaitMs } from "../incidents/delivery-settings.ts";
import { moreSevere } from "../alerts/severity.ts";
import { backoffMs } from "./backoff.ts";
import { giveUp } from "./give-up.ts";
import { checkKeyNext, settleAcceptedKeyCheck, settleRefusedKeyCheck, type KeyCheckTerms } from "./settle-key-check.ts";

/** The facts about an attempt that its outcome is applied to. */
export type Attempted = Pick<Flight, "action" | "severity" | "content" | "sinceMs" | "shadow" | "event">;

export type SettleTerms = KeyCheckTerms & {
  /** Ms within which the receiver must confirm an incident that it accepted. Undefined: it need not. */
  readonly confirmWithinMs?: number | undefined;
};

/**
 * Applies an attempt's outcome to its incident: the delivered state, and when to look again. No other code decides this. State,
 * reason and urgency are derived afterwards (`deriveState`).
 */
export function settle(incident: Incident, attempted: Attempted, outcome: Outcome, terms: SettleTerms): Incident {
  const { nowMs } = terms;
  const ended: Incident = { ...incident, flight: null, updatedAtMs: nowMs };
  switch (outcome.kind) {
    case "accepted": {
      const { action } = attempted;
      return action === "check"
        ? settleAcceptedKeyCheck(countAttempt(ended), terms)
        : acceptEvent(countAttempt(ended), { ...attempted, action }, terms);
    }
    case "retry":
      return retryLater(countAttempt(ended), attempted, outcome, terms);
    case "ambiguous":
      return retryLater(countAttempt(markUncertain(ended, attempted, nowMs)), attempted, outcome, terms);
    case "refused": {
      const failed = { ...countAttempt(ended), lastFailure: failure(outcome, nowMs) };
      if (attempted.action === "check") return settleRefusedKeyCheck(failed, nowMs);
      if (outcome.suspectKey) return checkKeyNext(failed, nowMs);
      return giveUp(failed, "dead_invalid");
    }
    case "blocked":
      return {
        ...countAttempt(ended),
        lastFailure: failure(outcome, nowMs),
        retriedForMs: 0,
        // Due now, but the block holds it back: so it is sent as soon as the block ends.
        dueAtMs: nowMs,
      };
    case "interrupted":
      return { ...(outcome.left ? markUncertain(ended, attempted, nowMs) : ended), dueAtMs: nowMs };
  }
}

const countAttempt = (incident: Incident): Incident => ({ ...incident, attempts: incident.attempts + 1 });

function acceptEvent(
  incident: Incident,
  attempted: Attempted & { action: EventAction },
  { nowMs, confirmWithinMs }: SettleTerms,
): Incident {
  const isAwaited = confirmWithinMs !== undefined && !incident.opened && attempted.action === "trigger";
  const told = isMemberUpdate(incident, attempted)
    ? toldAfterUpdate(incident, attempted, nowMs)
    : toldAfter(incident, attempted.action, attempted, true, nowMs);
  return {
    ...incident,
    told: staysAcknowledged(incident, attempted) ? { ...told, event: "acknowledge" } : told,
    opened: incident.opened || attempted.action === "trigger",
    // If a late request closed the incident, the receiver dropped this acknowledge, so the trigger must still be repeated.
    repeat: incident.repeat && attempted.action === "acknowledge",
    unconfirmed: false,
    // An acknowledge that was already in flight does not open the new episode.
    renew: incident.renew && attempted.action === "acknowledge",
    failures: 0,
    retriedForMs: 0,
    lastFailure: null,
    dueAtMs: null,
    dueSinceMs: null,
    ...(isAwaited && attempted.shadow !== true && { confirmBy: { atMs: nowMs + confirmWithinMs } }),
  };
}

/**
 * Whether a trigger only reports changed members: then an acknowledged incident stays acknowledged. A repairing trigger resets
 * it.
 */
const isMemberUpdate = (incident: Incident, { action }: Attempted): incident is Incident & { told: Told } =>
  action === "trigger" && incident.told?.event === "acknowledge" && incident.told.certain && !incident.repeat;

/** The receiver reported, perhaps before its answer arrived, that a person acknowledged. A trigger does not undo that. */
const staysAcknowledged = ({ receiver, receipt, repeat, renew }: Incident, { action }: Attempted): boolean =>
  receiver?.status?.is === "acknowledged" && receipt === undefined && action === "trigger" && !repeat && !renew;

function toldAfterUpdate({ told }: { told: Told }, { severity, content, sinceMs }: Attempted, atMs: number): Told {
  const { content: _, ...others } = told;
  return { ...others, severity, ...(content === undefined ? {} : { content }), atMs, sinceMs };
}

/** Keeps the highest severity that the target received: a lower one is not sent, so a rise back to it is not sent either. */
const toldAfter = (
  incident: Incident,
  event: EventAction,
  attempted: Attempted,
  certain: boolean,
  atMs: number,
): Told => {
  const { severity, sinceMs, shadow, event: mark } = attempted;
  // Only a trigger carries text.
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

/**
 * After an attempt of unknown effect, the delivered state becomes `maybe`, unless the target certainly has this event already.
 */
export function markUncertain(incident: Incident, attempted: Attempted, nowMs: number): Incident {
  const { told } = incident;
  if (attempted.action === "check") return incident;
  const known =
    told?.certain &&
    told.event === attempted.action &&
    (attempted.action === "acknowledge" || told.severity === attempted.severity);
  return known ? incident : { ...incident, told: toldAfter(incident, attempted.action, attempted, false, nowMs) };
}

function retryLater(
  incident: Incident,
  attempted: Attempted,
  outcome: Extract<Outcome, { kind: "retry" | "ambiguous" }>,
  { nowMs, retry, random }: SettleTerms,
): Incident {
  // After a check of the key, the last failure stays that of the refused event, whatever the check's outcome was.
  const lastFailure = attempted.action === "check" ? incident.lastFailure : failure(outcome, nowMs);
  // Throttled: the receiver works and the event is good, so it counts neither for backoff nor for giving up.
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
  return retriedForMs > patience ? giveUp(failed, "dead_expired") : failed;
}

const failure = (outcome: { reason: AttemptReason; detail: string }, atMs: number) => ({
  reason: outcome.reason,
  detail: outcome.detail,
  atMs,
});
