import type { Alert } from "../alerts/alert.ts";
import type { AttemptAction, RepeatCause } from "../incidents/event.ts";
import type { PersonalAction } from "../incidents/incident.ts";
import type { Outcome } from "../incidents/outcome.ts";
import type { Change } from "../changes/change.ts";
import type { EpisodeVerdict } from "../alerts/verdict.ts";
import type { Severity } from "../alerts/severity.ts";

/** One event for a target. The publisher formats it for the receiver. */
export interface Notification {
  readonly action: AttemptAction;
  readonly dedupKey: string;
  /** The same for all attempts of one event. Receivers without dedup keys use it to recognise repeats. */
  readonly eventId: string;
  /** When the first attempt of this event was made. */
  readonly eventAtMs: number;
  readonly severity: Severity;
  /** The leading member: the oldest one that fires. */
  readonly alert: Alert;
  /** When the last alert of the incident ended; absent while one fires. */
  readonly endsAtMs?: number;
  readonly summary: string;
  /** How many alerts of the incident fire now. */
  readonly firing: number;
  /** The sender of the alert, its source or address. It is used if no label says where the problem is. */
  readonly sender?: string;
  /** Changes that may have caused the problem, the most related first. Absent: none, or the target does not want them. */
  readonly relatedChanges?: readonly Change[];
  /** The page of the incident, if `server.publicUrl` is set. */
  readonly incidentUrl?: string;
  /**
   * The classification of that alert. Its texts are untrusted. `applied`: the severity of this event comes from it. Absent: there is
   * none.
   */
  readonly classification?: (EpisodeVerdict & { readonly applied: boolean }) | undefined;
  /** Who acknowledged the incident. Absent: nobody. */
  readonly acknowledgedBy?: PersonalAction;
  /** The receipt of the incident's last accepted event (`ReceiverTraits.keepsReceipt`). Absent: none was accepted. */
  readonly receipt?: string;
  /** Why an open incident gets one more event. Present only with a receipt, and if the action alone does not say it. */
  readonly cause?: RepeatCause;
  /** Present if people can act on the incident at the receiver, because a callback of ours takes what they do there. */
  readonly actions?: boolean;
  /** W3C `traceparent` of this attempt, if it is traced. */
  readonly traceparent?: string;
}

/** How a receiver behaves. The next action and routing depend on it. */
export interface ReceiverTraits {
  /** The receiver ignores a resolve of an unknown incident: then an uncertain trigger needs only the resolve. */
  readonly dropsUnknownResolves: boolean;
  /** The receiver supports acknowledged incidents. */
  readonly acknowledges: boolean;
  /**
   * The receiver ends an alert by itself this many ms after the last event, unless the event is repeated. So the trigger is
   * repeated in half that time, whatever `delivery.remind` says, and even if a person acknowledged it. Absent: the receiver keeps
   * an alert until a resolve.
   */
  readonly forgetsAfterMs?: number;
  /**
   * The receiver keeps no incidents, such as a channel or a webhook, so a request that arrives late cannot undo anything, and no
   * event is repeated because of one. Absent: it keeps incidents.
   */
  readonly stateless?: true;
  /** Later events of an incident need the receipt of the last one, such as the time stamp of the message to update. */
  readonly keepsReceipt?: true;
}

/** Talks to one endpoint of one target. Contract: `publisherContract`. */
export interface Publisher extends AsyncDisposable {
  readonly traits: ReceiverTraits;
  /**
   * Makes one attempt. Never throws because of the receiver or the network. `signal` ends the attempt: with the reason
   * `TimeoutError` as a timeout, else as `interrupted`. The engine is responsible for retries, limits and order.
   */
  publish(notification: Notification, signal: AbortSignal): Promise<Outcome>;
  /** The request body that would be sent, without credentials: for explain, dead letters and tests. */
  render(notification: Notification): unknown;
}
