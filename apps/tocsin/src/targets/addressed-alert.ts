import type { Alert, Decision, Severity } from "@tocsin/core";

/** The prefix of the fingerprints of all addressed alerts. */
export const addressedPrefix = "tocsin-";

/** The recipients of an addressed alert: these targets only, whatever their filters. */
export interface Addressing {
  readonly targets: readonly string[];
  readonly severity: Severity;
  /** Why other targets do not receive it. */
  readonly why: string;
}

/** Returns the addressing of an alert. Undefined: an ordinary alert, which the filters decide about. */
export type AddressingOf = (alert: Alert) => Addressing | undefined;

/** Decides about an addressed alert. `decision`: the decision by the filters. */
export function addressedAlertDecision(
  decision: Decision,
  { fingerprint, annotations }: Alert,
  { targets, severity, why }: Addressing,
): Decision {
  const { target } = decision;
  if (!targets.includes(target)) return { target, send: false, reason: "filtered", detail: why };
  if (!decision.send && decision.reason === "target_disabled") return decision;
  return { target, send: true, dedupKey: fingerprint, severity, summary: annotations["summary"] ?? "" };
}
