import type { DeliverySettings } from "../incidents/delivery-settings.ts";
import type { Incident } from "../incidents/incident.ts";
import { backoffMs } from "./backoff.ts";
import { giveUp } from "./give-up.ts";

/*
 * A receiver such as PagerDuty answers 400 to a bad event and to an unknown key alike. So a refused event is followed by a
 * check of the key:
 *
 *   event refused ──▶ check ── key accepted ──▶ dead letter, or a retry if the key was doubtful
 *                       └───── key refused ───▶ the caller blocks the endpoint, the event stays due
 */

export interface KeyCheckTerms {
  readonly nowMs: number;
  readonly retry: DeliverySettings["retry"];
  /** 0 to 1, for the jitter. */
  readonly random: number;
  /**
   * The key was found bad after the event was refused, or it was checked too long after that. Then a successful check of the key
   * does not prove that the event was bad.
   */
  readonly keyWasDoubtful: boolean;
}

/** The receiver refused an event in a way that an unknown key would cause, too: the next attempt checks the key. */
export const checkKeyNext = (failed: Incident, nowMs: number): Incident => ({
  ...failed,
  checkKey: true,
  dueAtMs: nowMs,
});

/** The key itself is refused, so the event may be good. The caller blocks the endpoint. */
export const settleRefusedKeyCheck = (failed: Incident, nowMs: number): Incident => ({
  ...failed,
  checkKey: false,
  dueAtMs: nowMs,
});

/** The receiver knows the key. If it also knew it when it refused the event, the event was bad. Otherwise the event is retried. */
export function settleAcceptedKeyCheck(
  incident: Incident,
  { nowMs, retry, random, keyWasDoubtful }: KeyCheckTerms,
): Incident {
  const asked = { ...incident, checkKey: false };
  if (!keyWasDoubtful) return giveUp(asked, "dead_invalid");
  const waitMs = backoffMs(incident.failures, retry, random);
  const { failures, retriedForMs } = incident;
  return { ...asked, failures: failures + 1, retriedForMs: retriedForMs + waitMs, dueAtMs: nowMs + waitMs };
}
