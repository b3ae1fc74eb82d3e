import { dueAgain } from "./due-again.ts";
import type { LedgerContext } from "./ledger-context.ts";

/** Makes the incident of a dead letter due again, at the current endpoint of its target. */
export function replayDeadLetter(context: LedgerContext, id: number): "replayed" | "already_replayed" | "not_found" {
  const { store, nowMs } = context;
  const letter = store.deadLetter(id);
  if (!letter) return "not_found";
  if (letter.replayedAtMs !== null) return "already_replayed";
  store.markReplayed(id, nowMs);
  const incident = store.incident(letter.incident);
  if (incident?.state === "dead") {
    context.note(incident.id, "replayed");
    context.putDerived(incident, dueAgain(context.atCurrentEndpoint(incident), nowMs));
  }
  return "replayed";
}
