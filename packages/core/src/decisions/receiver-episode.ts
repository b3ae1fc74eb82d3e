import type { Incident } from "../incidents/incident.ts";
import type { ReceiverEvent } from "../ports/ledger/receiver-events.ts";

/**
 * Whether an event is about this episode of an incident. `newer`: it is, and the receiver has opened another incident for it since
 * the one that is known. `earlier`: it is about an earlier episode, or about an incident that the receiver has replaced.
 */
export type ReceiverEpisode = "current" | "newer" | "earlier";

type Event = Pick<ReceiverEvent, "kind" | "receiverIncident" | "openedAtMs" | "atMs">;

/**
 * Decides which episode an event is about. Numbers of the receiver decide first: they need no clock, or only the receiver's own.
 * The clocks of the receiver and of the ledger are compared only if the receiver's number of this episode is not known yet.
 */
export function receiverEpisode(incident: Incident, previous: Incident | undefined, event: Event): ReceiverEpisode {
  const { told, flight, attempts, receipt } = incident;
  // Nothing was sent in this episode, so the receiver cannot have an incident of it.
  if (told === null && flight === null && attempts === 0) return "earlier";
  const given = event.receiverIncident;
  // This receiver needs our receipt for later events, so the receipt is its number of the incident.
  if (receipt !== undefined && given !== undefined) return given === receipt ? "current" : "earlier";
  const known = incident.receiver;
  if (known?.incident !== undefined && given !== undefined && known.incident !== given) {
    const knownAtMs = known.openedAtMs ?? known.status?.atMs ?? incident.acceptedAtMs;
    return (event.openedAtMs ?? event.atMs) > knownAtMs ? "newer" : "earlier";
  }
  if (!previous) return "current";
  const former = previous.receiver;
  // Before the number of this episode is known and after, so that the order of the reports does not matter.
  if (given !== undefined && given === former?.incident)
    return goesOn(incident, previous, event) ? "current" : "earlier";
  if (given !== undefined && given === known?.incident) return "current";
  if (given !== undefined && event.openedAtMs !== undefined) {
    // Each episode begins with a trigger that opens an incident there, so the nearest beginning decides.
    const limitMs = former?.openedAtMs ?? (previous.acceptedAtMs + incident.acceptedAtMs) / 2;
    if (event.openedAtMs > limitMs) return "current";
    if (former?.openedAtMs !== undefined) return "earlier";
  }
  return event.atMs >= boundaryMs(incident, previous) ? "current" : "earlier";
}

/**
 * The receiver's incident of the previous episode is open again, or still, and the event happened in this episode: a person
 * reopened that incident, or it also holds other alerts, so that the end of ours did not close it.
 */
function goesOn({ acceptedAtMs }: Incident, { receiver }: Incident, { kind, atMs }: Event): boolean {
  const knownAtMs = receiver?.status?.atMs ?? Number.NEGATIVE_INFINITY;
  return atMs > acceptedAtMs || (kind === "reopened" && atMs > knownAtMs);
}

/** Halfway between the end of the previous episode and the beginning of this one: the two clocks may differ by half of that time. */
function boundaryMs({ acceptedAtMs }: Incident, { told, updatedAtMs }: Incident): number {
  const endedAtMs = Math.min(told?.event === "resolve" ? told.atMs : updatedAtMs, acceptedAtMs);
  return (endedAtMs + acceptedAtMs) / 2;
}
