import { deriveState, type Incident } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { openEpisode } from "./open-episode.ts";

/**
 * The target accepted a resolve while the alert fired again: closes this episode and opens the next one, which has been waiting
 * since the alert came back.
 */
export function nextEpisode(context: LedgerContext, before: Incident, after: Incident): void {
  const current = context.target(before.target);
  // A fallback's incident gets no next episode here: the fallback is notified again if the original target again accepts nothing in
  // time.
  const goesOn = current?.terms.enabled === true && before.fallbackOf === null;
  // A late request is repaired at the endpoint that it went to.
  const inherits = goesOn && current.id === before.endpoint;
  const over: Incident = {
    ...after,
    wanted: { ...after.wanted, status: "resolved" },
    lateAttempts: inherits ? [] : after.lateAttempts,
    manualUntilMs: null,
  };
  context.put(before, deriveState(over, context.dueTerms(over), context.nowMs));
  if (!goesOn) return;
  // Reports of the receiver, and actions of people, belong to the episode that is over.
  const { receiver: _receiver, acknowledgedBy: _by, lastActions: _actions, ...rest } = after;
  openEpisode(context, before, {
    ...rest,
    endpoint: current.id,
    lateAttempts: inherits ? after.lateAttempts : [],
    told: null,
    opened: false,
    fallbackOf: null,
    acceptedAtMs: before.wanted.atMs,
    dueSinceMs: before.wanted.atMs,
    wanted: { ...after.wanted, acknowledged: false },
  });
}
