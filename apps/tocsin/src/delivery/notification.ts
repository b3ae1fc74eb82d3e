import type { Alert, Change, EventContent, EventIdentity, Notification } from "@tocsin/core";
import { eventIdOf } from "./event-id.ts";
import { defaultSource } from "../ingest/batch-reader.ts";

/** The facts that a notification is built from. A lease holds them all. */
export interface NotificationFacts extends Omit<EventContent, "incident"> {
  readonly action: Notification["action"];
  readonly event: EventIdentity;
  /** Absent: there is no incident yet. */
  readonly incident?: number;
  /** Absent: the attempt is not traced. */
  readonly traceparent?: string;
}

/** Builds notifications. Everything that is sent, and everything that shows what is or would be sent, uses this function. */
export type Notify = (facts: NotificationFacts, relatedChanges?: readonly Change[]) => Notification;

/**
 * @param publicUrl of this service. Undefined: events have no link to their incident.
 * @param takesActions whether a callback takes what people do with the messages of this target
 */
export const notifications =
  (publicUrl: () => string | undefined, takesActions: (target: string) => boolean = () => false): Notify =>
  (facts, relatedChanges) =>
    new LazyNotification(facts, publicUrl(), relatedChanges, takesActions);

/** Identity of an event without an attempt: its id is known once it is sent. */
export const notSent = (nowMs: number): EventIdentity => ({ token: 0, atMs: nowMs });

/** Returns the content of an alert's first event, before an incident exists. */
export const firstContent = (
  alert: Alert,
  more: Omit<EventContent, "incident" | "alertJson" | "firing">,
): Omit<EventContent, "incident"> => ({
  alertJson: JSON.stringify(alert),
  firing: more.endedAtMs === undefined ? 1 : 0,
  ...more,
});

/**
 * Parses the alert only when a publisher reads it, because many resolves are sent without any of it. Most publishers never ask for
 * actions, and resolves never for the classification.
 */
class LazyNotification implements Notification {
  readonly action: Notification["action"];
  readonly dedupKey: string;
  readonly eventAtMs: number;
  readonly severity: Notification["severity"];
  readonly endsAtMs?: number;
  readonly summary: string;
  readonly firing: number;
  readonly sender?: string;
  readonly incidentUrl?: string;
  readonly traceparent?: string;
  readonly relatedChanges?: readonly Change[];
  readonly acknowledgedBy?: NonNullable<Notification["acknowledgedBy"]>;
  readonly receipt?: string;
  readonly cause?: NonNullable<Notification["cause"]>;
  readonly #facts: NotificationFacts;
  readonly #takesActions: (target: string) => boolean;
  #alert: Alert | undefined;

  constructor(
    facts: NotificationFacts,
    publicUrl: string | undefined,
    relatedChanges: readonly Change[] | undefined,
    takesActions: (target: string) => boolean,
  ) {
    const { incident, sender, endedAtMs, acknowledgedBy, receipt, cause } = facts;
    this.action = facts.action;
    this.dedupKey = facts.dedupKey;
    this.eventAtMs = facts.event.atMs;
    this.severity = facts.severity;
    if (endedAtMs !== undefined) this.endsAtMs = endedAtMs;
    this.summary = facts.summary;
    this.firing = facts.firing;
    // The default source name adds nothing to the alert itself.
    if (sender !== "" && sender !== defaultSource) this.sender = sender;
    if (publicUrl !== undefined && incident !== undefined) this.incidentUrl = `${publicUrl}/incidents/${incident}`;
    if (facts.traceparent !== undefined) this.traceparent = facts.traceparent;
    if (relatedChanges !== undefined) this.relatedChanges = relatedChanges;
    if (acknowledgedBy !== undefined) this.acknowledgedBy = acknowledgedBy;
    if (receipt !== undefined) this.receipt = receipt;
    if (cause !== undefined) this.cause = cause;
    this.#facts = facts;
    this.#takesActions = takesActions;
  }

  get eventId(): string {
    return eventIdOf(this.#facts);
  }

  get classification(): Notification["classification"] {
    const { verdict, byVerdict } = this.#facts;
    return verdict && { ...verdict, applied: byVerdict !== undefined };
  }

  get actions(): boolean {
    return this.#takesActions(this.#facts.target);
  }

  get alert(): Alert {
    return (this.#alert ??= JSON.parse(this.#facts.alertJson) as Alert);
  }
}
