/** Time as everything here sees it, so that tests can move it. */
export interface Clock {
  /** Wall clock, ms since epoch. May jump. */
  now(): number;
  /** Ms from an arbitrary start; never runs backwards. Leases are rechecked on it. */
  monotonic(): number;
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Longest delay that a Node timer takes; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(delayMs)), longestTimerMs));
    return () => clearTimeout(timer);
  },
};
