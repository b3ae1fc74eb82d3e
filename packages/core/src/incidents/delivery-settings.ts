/** The `delivery:` block of the configuration, all durations in ms. The schema with its defaults is the engine's. */
export interface DeliverySettings {
  readonly retry: {
    /** Upper bound of the first wait; doubles with each failure. */
    readonly initial: number;
    readonly max: number;
    /** Longest time spent in backoff since the source last confirmed; then the incident is dead. */
    readonly giveUpAfter: number;
  };
  /** Attempts in flight at once, over all targets. */
  readonly concurrency: number;
  readonly retrigger: "never" | "severity" | "content";
  /** Repeats the trigger of what still fires and is not acknowledged; 0 = never. */
  readonly remind: number;
  readonly reorderWindow: number;
  readonly doubtfulEnd: number;
  readonly expiryGrace: number;
  readonly staleAfter: number;
  readonly manualResolveFor: number;
}

/** Resolves of told incidents give up only after this long in backoff. */
export const resolveGiveUpAfterMs = 30 * 24 * 3_600_000;

/** Changed words (`retrigger: content`) and changed members (`group_updates`) of an open incident are sent at most this often. */
export const contentRetriggerMs = 5 * 60_000;

/** An alert that joins an incident of one is sent this long after the trigger: many alerts of one problem arrive within seconds. */
export const firstGroupUpdateMs = 10_000;

/** A target that refuses the credential or the address is asked again this often. */
export const blockedRetryMs = 60_000;

/** Pause after a 429 without `Retry-After`: https://developer.pagerduty.com/docs/events-api-v2-rate-limits advises 30 s. */
export const throttledWaitMs = 30_000;
