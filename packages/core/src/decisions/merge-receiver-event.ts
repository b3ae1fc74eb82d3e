import type { EventOrder, Incident, ReceiverFacts, Told } from "../incidents/incident.ts";
import type { ReceiverEvent, ReceiverEventKind } from "../ports/ledger/receiver-events.ts";
import { isLater, maxSkewMs } from "./is-later.ts";
import { receiverEpisode } from "./receiver-episode.ts";
import { sentAtMs } from "./sent-at-ms.ts";

/** What a person wants for the alerts of an incident, at all targets. */
export type PersonalWish = "acknowledge" | "unacknowledge" | "resolve" | "reopen";

export interface MergedReceiverEvent {
  /** The incident with the receiver's report: what is known about the receiver, and what it has of ours. */
  readonly incident: Incident;
  /** What the event changes in the desired state. Null: nothing. */
  readonly wish: PersonalWish | null;
}

const statusOf: { readonly [K in ReceiverEventKind]?: NonNullable<ReceiverFacts["status"]>["is"] } = {
  opened: "open",
  acknowledged: "acknowledged",
  unacknowledged: "open",
  resolved: "resolved",
  reopened: "open",
};

const wishOf: { readonly [K in ReceiverEventKind]?: PersonalWish } = {
  acknowledged: "acknowledge",
  unacknowledged: "unacknowledge",
  resolved: "resolve",
  reopened: "reopen",
};

/**
 * Applies an event of the receiver to the incident that it is about. Null: it is outdated, because a newer report is known or the
 * event belongs to an earlier episode. Whatever the order in which events arrive, the newest one decides in the end.
 */
export function mergeReceiverEvent(
  incident: Incident,
  previous: Incident | undefined,
  event: ReceiverEvent,
  nowMs: number,
): MergedReceiverEvent | null {
  const episode = receiverEpisode(incident, previous, event);
  if (episode === "earlier") return null;
  const isNewer = episode === "newer";
  const known: ReceiverFacts = incident.receiver ?? {};
  const is = statusOf[event.kind];
  const order = orderOf(event);
  const isNews = is !== undefined && (isNewer || isLater(order, known.status));
  // A trigger that began so much later opened the incident at the receiver again, whatever the clocks.
  if (is === "resolved" && isNews && !event.own && triggeredAfterMs(incident, event) > maxSkewMs) return null;
  const openedAtMs = event.openedAtMs ?? (event.kind === "opened" || isNewer ? event.atMs : undefined);
  const receiver: ReceiverFacts = {
    ...known,
    ...((isNewer || known.incident === undefined) &&
      event.receiverIncident !== undefined && { incident: event.receiverIncident }),
    ...((isNewer || known.openedAtMs === undefined) && openedAtMs !== undefined && { openedAtMs }),
    confirmedAtMs: known.confirmedAtMs ?? nowMs,
    ...(isNews && { status: { is, ...order } }),
  };
  const merged = { ...incident, receiver, updatedAtMs: nowMs };
  // A newer report shows that it is still open since.
  const isOpenSince = event.kind === "reopened" && !isNews && known.status?.is !== "resolved";
  if (isOpenSince && !event.own) return { incident: merged, wish: "reopen" };
  if (is !== undefined && !isNews && sameFacts(known, receiver)) return null;
  if (!isNews || event.own) return { incident: merged, wish: null };
  return {
    incident: { ...merged, told: toldAfter(incident, isNewer, event) },
    wish: wishOf[event.kind] ?? null,
  };
}

/** At the same time, an incident is opened before anything else happens to it. */
const orderOf = ({ kind, atMs, id }: ReceiverEvent): EventOrder => ({ atMs, id: kind === "opened" ? "" : id });

const sameFacts = (a: ReceiverFacts, b: ReceiverFacts): boolean =>
  a.incident === b.incident && a.openedAtMs === b.openedAtMs && a.confirmedAtMs === b.confirmedAtMs;

/** How long after the event the last trigger began. Negative: before it. Zero: the last event of ours was no trigger. */
const triggeredAfterMs = ({ told }: Incident, { atMs }: EventOrder): number =>
  told?.event === "trigger" ? sentAtMs(told) - atMs : 0;

/**
 * What the receiver has of ours after the event, so that the action is not sent back to it. What is not certain stays so: the next
 * event is then sent as if there were no report, since a wrong guess would lose a page. `reopened` changes it only if the alert
 * fires, which is decided with the alert.
 */
function toldAfter(incident: Incident, isNewer: boolean, event: ReceiverEvent): Told | null {
  const { told, receipt } = incident;
  // With a receipt, the receiver shows what we write, such as a message. It changes only if we change it.
  if (told === null || receipt !== undefined) return told;
  // The answer to our acknowledge was lost, and the receiver shows the acknowledgement of the person.
  if (event.kind === "acknowledged" && told.event === "acknowledge") return { ...told, certain: true };
  if (!told.certain) return told;
  switch (event.kind) {
    case "acknowledged":
      return told.event === "trigger" ? { ...told, event: "acknowledge" } : told;
    case "unacknowledged":
      return told.event === "acknowledge" ? { ...told, event: "trigger" } : told;
    case "resolved":
      // An event of ours that left later may have opened it again: then our resolve follows.
      return told.event === "resolve" || sentAtMs(told) > event.atMs ? told : { ...told, event: "resolve" };
    case "opened": {
      // A trigger that was on its way when a person resolved the incident opened another one.
      const wasResolved = isNewer && incident.receiver?.status?.is === "resolved";
      return wasResolved && told.event === "resolve" ? { ...told, event: "trigger" } : told;
    }
    case "reopened":
    case "noted":
      return told;
  }
}
