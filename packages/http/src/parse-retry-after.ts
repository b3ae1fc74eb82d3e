/**
 * Reads `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3).
 *
 * @param nowMs wall clock, ms since epoch
 * @returns milliseconds from now, 0 for a date that has passed, `undefined` for what is neither form
 */
export function parseRetryAfter(value: string | null | undefined, nowMs: number): number | undefined {
  if (value === null || value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // JavaScript reads "-5" and "1.5" as dates: an HTTP date starts with the name of the day. Its oldest form lacks the GMT.
  const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text.endsWith("GMT") ? text : `${text} GMT`) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
