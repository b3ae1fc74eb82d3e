/** Decides when attempts may start, by arithmetic on the times in its arguments. Times are ms and never run backwards. */
export interface RateRule {
  /** Ms until the next attempt may start. 0: now. Infinity: not before an attempt in flight has ended. */
  waitMs(nowMs: number): number;
  /** Records the start of an attempt. The caller must have got 0 from `waitMs` just before. */
  start(): void;
  /** Records the end of an attempt. */
  end(nowMs: number): void;
}
