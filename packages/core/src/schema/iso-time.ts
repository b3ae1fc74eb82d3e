/** The furthest instant that a Date can hold: https://tc39.es/ecma262/#sec-time-values-and-time-range */
const furthestMs = 8.64e15;

/** An instant as ISO 8601; undefined for what is no time, as a source may have sent it. */
export function isoTime(ms: number): string | undefined {
  return Math.abs(ms) <= furthestMs ? new Date(ms).toISOString() : undefined;
}
