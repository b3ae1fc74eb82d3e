import { urgency } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";

/** Charges an attempt outside of incidents to the limit of a target's credential. False: there is no room now. */
export function chargeAttempt(context: LedgerContext, target: string): boolean {
  const { gates, nowMs, store } = context;
  const terms = context.target(target)?.terms;
  if (!terms || gates.throttle(terms.credential).pausedUntilMs !== null) return false;
  const { credential, timeoutMs } = terms;
  if (gates.room(credential, urgency.reminder, context.waiting(store.lanes()).at(credential), nowMs) < 1) return false;
  gates.charge({ token: context.nextToken(), credential, urgency: urgency.reminder }, nowMs + timeoutMs, nowMs);
  return true;
}
