import type { Alert } from "../alerts/alert.ts";
import type { AttemptAction } from "../incidents/event.ts";
import type { Outcome } from "../incidents/outcome.ts";
import type { Severity } from "../alerts/severity.ts";

/** What a target is to be told now. The publisher turns it into the receiver's words. */
export interface Notification {
  readonly action: AttemptAction;
  readonly dedupKey: string;
  /** The same for all attempts of one event; receivers without deduplication use it to recognise repeats. */
  readonly eventId: string;
  /** When that event was attempted first. */
  readonly eventAtMs: number;
  readonly severity: Severity;
  /** The leading member: the oldest that fires. */
  readonly alert: Alert;
  /** When the last alert of the incident ended; absent while one fires. */
  readonly endsAtMs?: number;
  readonly summary: string;
  /** How many alerts of the incident fire now. */
  readonly firing: number;
  /** Who sent the alert, its source or address; stands in where no label says where the problem is. */
  readonly sender?: string;
  /** The incident's page in the console, where `server.publicUrl` is set. */
  readonly incidentUrl?: string;
}

/** How a receiver behaves; due and routing depend on it. */
export interface ReceiverTraits {
  /** A resolve of something unknown is dropped without effect: then a doubtful trigger needs only the resolve. */
  readonly dropsUnknownResolves: boolean;
  /** It knows acknowledged incidents. */
  readonly acknowledges: boolean;
  /**
   * What it is told ends by itself so much later, ms, unless it is told again: then it is, in half that time, whatever
   * `delivery.remind` and a person's acknowledgement say. Absent: it believes until it is told otherwise.
   */
  readonly forgetsAfterMs?: number;
  /**
   * It keeps no incident that a request arriving late could change back, such as a channel or a webhook: then nothing is repeated
   * on account of one. Absent: it keeps them.
   */
  readonly stateless?: true;
}

/** Talks to one endpoint of one target. Contract: `publisherContract`. */
export interface Publisher extends AsyncDisposable {
  readonly traits: ReceiverTraits;
  /**
   * Makes one attempt and never throws for what the receiver or the network does. `signal` ends it: by its reason
   * `TimeoutError` as a timeout, else as `interrupted`. Retries, limits and order are the engine's.
   */
  publish(telling: Notification, signal: AbortSignal): Promise<Outcome>;
  /** What would be sent, without credentials: for explain, dead letters and tests. */
  render(telling: Notification): unknown;
}
