/** Ends an attempt: its slot is free again one window later. A second call changes nothing. */
export type Release = () => void;

/**
 * Decides when an attempt may start. PagerDuty accepts about 120 events a minute per routing key, so all clients of one key
 * share one limiter.
 */
export interface Limiter {
  /** Charges one attempt when there is room and no call waits; else does nothing. */
  tryTake(): Release | undefined;
  /** Waits in line for room. Rejects with the signal's reason as soon as it aborts, charging nothing. */
  take(signal?: AbortSignal): Promise<Release>;
}

export interface LimiterOptions {
  /** Attempts that the receiver may see in any window. @default 120 */
  limit?: number;
  /** Length of the window in milliseconds. @default 60_000 */
  perMs?: number;
}

const nothing: Release = () => {};

/** No limit: for a proxy with a limit of its own, and for measurements. */
export const unlimited: Limiter = { tryTake: () => nothing, take: () => Promise.resolve(nothing) };
