/** What a target can be told of an incident. `change` events have no lifecycle and are told once. */
export type EventAction = "trigger" | "acknowledge" | "resolve" | "change";

/**
 * What an attempt does. `check` is the question whether PagerDuty knows the routing key, asked after a 400 by a resolve
 * with a random dedup key: nobody is paged by it, and the answer tells a bad key from a bad event.
 */
export type AttemptAction = EventAction | "check";

/**
 * Order of work, most urgent first. The numbers are stored; append, never renumber.
 * The limiter keeps a reserve for `criticalTrigger` and small guarantees for the others.
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
