/** When attempts may leave, as pure arithmetic on the times it is told. Times are ms and never run backwards. */
export interface Rule {
  /** Ms until the next attempt may start: 0 is now, Infinity "not before one of those in flight has ended". */
  waitMs(nowMs: number): number;
  start(nowMs: number): void;
  end(nowMs: number): void;
}
