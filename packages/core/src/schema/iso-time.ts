/** The latest instant that a Date can hold, ms since epoch: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const maxMs = 8.64e15;

/** An instant as ISO 8601; undefined if it is not a valid time, since sources may send any number. */
export function isoTime(ms: number): string | undefined {
  return Math.abs(ms) <= maxMs ? new Date(ms).toISOString() : undefined;
}
