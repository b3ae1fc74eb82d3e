import { type LedgerSummary, type Reason, urgency } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import type { WaitingLane } from "./store.ts";
import { heldBackAt, incidentView } from "./views.ts";

/**
 * How many incidents of each lane are read for one place in the list. Those in flight, which are read too, are left out.
 */
const candidatesPerPlace = 5;

type Row = LedgerSummary["rows"][number];

/**
 * Counts incidents by target, state and reason. The number of each state is kept with the rows. The reasons of due incidents are
 * derived: one for all of a target that is held back, otherwise one for each lane, so that no incident has to be read.
 */
export function summary(context: LedgerContext, limit: number): LedgerSummary {
  const { store, nowMs } = context;
  const { incidents, deadLetters, alerts } = store.stats();
  const lanes = store.waiting(nowMs);
  const laneTarget = ({ endpoint }: WaitingLane) => context.findEndpoint(endpoint)?.terms.name;
  const byTarget = Map.groupBy(lanes, laneTarget);
  const rows = incidents
    .filter(({ count }) => count > 0)
    .flatMap(({ target, state, count }): Row[] => {
      if (state === "due") return waits(context, target, { count, lanes: byTarget.get(target) ?? [] });
      const reason = state === "in_flight" ? state : state === "candidate" ? ("waiting_classification" as const) : null;
      return [{ target, state, reason, count }];
    });
  const urgent = store.mostUrgent(limit * candidatesPerPlace).filter(({ state }) => state === "due");
  const oldestDue = urgent
    .toSorted(
      (a, b) =>
        a.urgency - b.urgency ||
        Number(a.wanted.acknowledged) - Number(b.wanted.acknowledged) ||
        (a.dueSinceMs ?? nowMs) - (b.dueSinceMs ?? nowMs) ||
        a.id - b.id,
    )
    .slice(0, limit)
    .map((incident) => incidentView(context, incident));
  return { rows, oldestDue, deadLetters, alerts, nowMs };
}

/** Distributes the due incidents of a target over reasons. */
function waits(
  context: LedgerContext,
  target: string,
  { count, lanes }: { readonly count: number; readonly lanes: readonly WaitingLane[] },
): Row[] {
  const counts = new Map<Reason, number>();
  let left = count;
  const take = (reason: Reason, some: number): void => {
    const taken = Math.min(some, left);
    left -= taken;
    if (taken > 0) counts.set(reason, (counts.get(reason) ?? 0) + taken);
  };
  for (const { endpoint, urgency: of, now, later } of lanes) {
    const held = heldBackAt(context, { endpoint });
    // In this lane, incidents that were delivered wait for their next reminder and are not due.
    const waiting = of === urgency.reminder ? 0 : later;
    if (held) take(held.reason, now + waiting);
    else {
      take("waiting_retry", waiting);
      take(turnOf(context, endpoint, of), now);
    }
  }
  take("waiting_turn", left);
  return [...counts].map(([reason, some]) => ({ target, state: "due", reason, count: some }));
}

function turnOf(context: LedgerContext, endpoint: number, of: WaitingLane["urgency"]): Reason {
  const { gates, nowMs } = context;
  const { credential } = context.endpoint(endpoint).terms;
  return gates.room(credential, of, new Set(), nowMs) <= 0 ? "waiting_limit" : "waiting_turn";
}
