import type { HeldBack, Incident, Reason } from "@tocsin/core";

/**
 * How far a round can be followed. `callback`: the receiver reports that the incident exists. `look_up`: its API shows the incident.
 * `delivery`: the receiver accepted the event, and nothing shows whether an incident exists.
 */
export type CanaryProof = "callback" | "look_up" | "delivery";

/** The steps of a round, in their order. */
export const canarySteps = ["record", "deliver", "confirm", "resolve"] as const;
export type CanaryStep = (typeof canarySteps)[number];

export interface CanaryVerdict {
  /** The step that failed. Absent: all steps succeeded. */
  readonly failed?: CanaryStep;
  /** The cause of the failure in a few words, such as `unauthorized`. */
  readonly cause?: string;
  /** Why, in the words of the receiver or of Tocsin; no secret. Empty: nothing more is known. */
  readonly detail: string;
  readonly proof: CanaryProof;
  /** Ledger time, ms. */
  readonly atMs: number;
}

/** One round, as the ledger keeps it. All times are ledger time, ms. */
export interface CanaryRound {
  /** Interval and number of the round: all replicas give a round the same. */
  readonly slot: string;
  /** Full name of the target. */
  readonly target: string;
  /** Fingerprint of its alert, and the dedup key. */
  readonly fingerprint: string;
  readonly startedAtMs: number;
  /** The alert has ended since then, and the resolve is being delivered. */
  readonly endedAtMs?: number;
  /** The result so far, once the alert has ended. Absent then: the round was interrupted and has none. */
  readonly verdict?: CanaryVerdict;
  readonly done?: true;
}

type Facts = Pick<Incident, "state" | "opened" | "lastFailure" | "receiver"> & {
  /** As it is now, waits included. */
  readonly reason: Reason;
};

export interface RoundTerms {
  readonly nowMs: number;
  /** Longest time until the incident is proven, and again until it is resolved. */
  readonly patienceMs: number;
  readonly proof: CanaryProof;
  /** The receiver's API shows the incident. */
  readonly isFound: boolean;
  /** Why the target accepts nothing now. It is part of the verdict "deliver" only. */
  readonly heldBack?: HeldBack | undefined;
}

/** Longest wait for a step. Half an interval, so that a round ends before the next one begins. */
export const patienceMs = (everyMs: number): number => Math.min(everyMs / 2, 2 * 60_000);

/**
 * Judges a round whose alert fires. Undefined: it is not decided yet. Pure.
 *
 * @param incident undefined: the ledger has none
 */
export function judgeRound(
  { startedAtMs }: Pick<CanaryRound, "startedAtMs">,
  incident: Facts | undefined,
  { nowMs, patienceMs: waitMs, proof, isFound, heldBack }: RoundTerms,
): CanaryVerdict | undefined {
  const isLate = nowMs - startedAtMs >= waitMs;
  const base = { proof, atMs: nowMs };
  if (incident === undefined)
    return isLate ? { ...base, failed: "record", detail: "the ledger has no incident of it" } : undefined;
  if (incident.opened) {
    const isProven =
      proof === "delivery" ||
      (proof === "callback" && incident.receiver?.confirmedAtMs !== undefined) ||
      (proof === "look_up" && isFound);
    if (isProven) return { ...base, detail: "" };
    return isLate ? { ...base, failed: "confirm", detail: unconfirmed[proof] } : undefined;
  }
  if (incident.state !== "dead" && !isLate) return undefined;
  return { ...base, failed: "deliver", ...whyUndelivered(incident, heldBack) };
}

const unconfirmed: Readonly<Record<CanaryProof, string>> = {
  callback:
    "the receiver accepted the event and reported no incident: an event rule suppresses it, or the service is disabled",
  look_up:
    "the receiver accepted the event and its API shows no incident: an event rule suppresses it, or the service is disabled",
  delivery: "",
};

function whyUndelivered(
  { reason, lastFailure }: Facts,
  heldBack: HeldBack | undefined,
): { cause: string; detail: string } {
  // PagerDuty refuses an event with an unknown key as invalid. Only the check of the key, which the block follows, names the cause.
  if (heldBack?.reason === "waiting_auth") return { cause: "unauthorized", detail: heldBack.detail ?? "" };
  const why = lastFailure?.reason ?? heldBack?.reason ?? reason;
  return { cause: causes[why] ?? why, detail: lastFailure?.detail ?? heldBack?.detail ?? "" };
}

/** Reasons of attempts and waits, as operators name them. */
const causes: Readonly<Record<string, string>> = {
  auth: "unauthorized",
  waiting_auth: "unauthorized",
  waiting_breaker: "the target fails",
  waiting_limit: "no room in the rate limit",
  waiting_pause: "paused after HTTP 429",
  waiting_turn: "Tocsin is busy",
  rate_limited: "HTTP 429",
  server: "the receiver fails",
};

/** Whether the incident of an ended round is over. A round without an incident is, too. */
export const isOver = (incident: Pick<Incident, "state"> | undefined): boolean =>
  incident === undefined || incident.state === "closed" || incident.state === "not_told";

/** The failed step in words, for people. */
export const failureText: Readonly<Record<CanaryStep, string>> = {
  record: "not recorded",
  deliver: "not delivered",
  confirm: "delivered but not confirmed",
  resolve: "delivered but not resolved",
};

/** The failure of a round in a few words, the same in all replicas. */
export const failureOf = ({ failed, cause }: Pick<CanaryVerdict, "failed" | "cause">): string =>
  failed === undefined ? "" : `${failureText[failed]}${cause === undefined ? "" : ` (${cause})`}`;
