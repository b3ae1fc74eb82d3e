import { markUncertain, type Incident, unacceptedAfter } from "@tocsin/core/decisions";
import type { InFlight } from "../worker/in-flight.ts";
import { withLateAttempt } from "./late-reports.ts";
import type { LedgerContext } from "./ledger-context.ts";

/** Takes an incident over from an owner whose lease ended. The owner's attempt may have been delivered, or may still arrive. */
export function takeOver(context: LedgerContext, inFlight: InFlight, incident: Incident): Incident {
  const { flight } = incident;
  if (!flight) return incident;
  const endpoint = context.endpoint(incident.endpoint);
  inFlight.remove(flight.owner, endpoint.terms.name);
  context.leaseExpiry.delete(incident.id);
  context.gates.freeProbes(endpoint.terms, flight.token);
  context.note(incident.id, "lease_lost", flight.action);
  const unaccepted = unacceptedAfter(incident, flight);
  const doubtful = markUncertain({ ...incident, flight: null, unaccepted }, flight, context.nowMs);
  const late = withLateAttempt(endpoint, doubtful, flight, flight.leaseUntilMs + endpoint.terms.timeoutMs);
  return { ...late, dueAtMs: context.nowMs };
}
