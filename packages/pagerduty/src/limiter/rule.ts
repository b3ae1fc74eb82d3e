/** When attempts may leave, as pure arithmetic on the times it is told. Times are ms and never run backwards. */
export interface Rule {
  /** Ms until the next attempt may start: 0 is now, Infinity "not before one of those in flight has ended". */
  waitMs(nowMs: number): number;
  /** Asked for `waitMs` just before, which was 0. */
  start(): void;
  end(nowMs: number): void;
}
