/**
 * Reads a `Retry-After` header: seconds, or an HTTP date (RFC 9110, section 10.2.3). Some servers send a fraction of a second.
 *
 * It sets no upper limit: a receiver may name tomorrow. Each caller has its own limit for a wait.
 *
 * @param nowMs wall clock, ms since epoch
 * @returns whole milliseconds from now, rounded up; 0 for a date in the past; `undefined` for any other text
 */
export function parseRetryAfter(value: string | null | undefined, nowMs: number): number | undefined {
  if (value === null || value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : parseDate(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, Math.ceil(ms));
}

/**
 * Milliseconds since epoch. JavaScript alone would read "-5" and "1.5" as dates, so the text must begin with the name of a day.
 * The oldest form of an HTTP date has no zone; it means GMT.
 */
function parseDate(text: string): number {
  if (!/^[A-Z][a-z]{2}/.test(text)) return Number.NaN;
  return Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
}
