/** The events that a target can receive about an incident. `change` events have no lifecycle and are sent once. */
export type EventAction = "trigger" | "acknowledge" | "resolve" | "change";

/**
 * The kind of an attempt. `check` tests whether PagerDuty knows the routing key: after a 400, the worker sends a resolve with a
 * random dedup key. It pages no one, and the answer shows whether the key or the event was bad.
 */
export type AttemptAction = EventAction | "check";

/**
 * Why an open incident gets one more event. `severity`: it rose. `text`, `members`: they changed. `episode`: an end was lost, and the
 * alert fires again. `reminder`: nothing changed. `repair`: a late request may have undone the event, so it is repeated.
 */
export type RepeatCause = "severity" | "text" | "members" | "episode" | "reminder" | "repair";

/**
 * Order of work, most urgent first. The ledger stores the numbers: append, never renumber.
 * The limiter keeps a reserve for `criticalTrigger` and guarantees each of the others a small share.
 */
export const urgency = {
  criticalTrigger: 0,
  criticalFollowUp: 1,
  errorTrigger: 2,
  followUp: 3,
  warningTrigger: 4,
  infoTrigger: 5,
  change: 6,
  reminder: 7,
} as const;
export type Urgency = (typeof urgency)[keyof typeof urgency];
export const urgencies: readonly Urgency[] = Object.values(urgency);
