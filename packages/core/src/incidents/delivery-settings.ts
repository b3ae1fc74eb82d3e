/** The `delivery:` block of the configuration, all durations in ms. The engine has the schema and its defaults. */
export interface DeliverySettings {
  readonly retry: {
    /** Upper bound of the first wait. Doubles with each failure. */
    readonly initial: number;
    readonly max: number;
    /** Longest total backoff since a source last confirmed the alert. After it, the incident is dead. */
    readonly giveUpAfter: number;
  };
  /** Attempts in flight at once, over all targets. */
  readonly concurrency: number;
  readonly retrigger: "never" | "severity" | "content";
  /** Repeats the trigger while an alert still fires and its incident is not acknowledged; 0 = never. */
  readonly remind: number;
  readonly reorderWindow: number;
  readonly doubtfulEnd: number;
  readonly expiryGrace: number;
  readonly staleAfter: number;
  readonly manualResolveFor: number;
}

/** A resolve of a delivered incident is given up only after this much time in backoff. */
export const resolveGiveUpAfterMs = 30 * 24 * 3_600_000;

/**
 * Shortest time between two updates of an open incident about changed text (`retrigger: content`) or members (`group_updates`).
 */
export const contentRetriggerMs = 5 * 60_000;

/**
 * When alerts join an incident that had one alert, the first update is sent this long after the trigger: many alerts about one
 * problem arrive within seconds, so one update can report all of them.
 */
export const firstGroupUpdateMs = 10_000;

/** Time between two attempts at a target that refuses the credential or the address. */
export const blockedRetryMs = 60_000;

/** Pause after a 429 without `Retry-After`: https://developer.pagerduty.com/docs/events-api-v2-rate-limits advises 30 s. */
export const throttledWaitMs = 30_000;
