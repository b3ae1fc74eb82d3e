/** The only source of time for this code, so that tests can control it. */
export interface Clock {
  /** Wall clock, ms since epoch. May jump. */
  now(): number;
  /** Ms since an arbitrary start; never runs backwards. The worker checks leases with it. */
  monotonic(): number;
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Longest delay of a Node timer. A longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(delayMs)), maxTimerMs));
    return () => clearTimeout(timer);
  },
};
