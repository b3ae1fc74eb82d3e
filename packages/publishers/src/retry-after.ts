/** A receiver may say tomorrow; nobody waits longer than this for its sake. */
const longestMs = 3_600_000;

/**
 * How long a `Retry-After` asks to wait, at most 1 h: seconds or an HTTP date
 * (https://www.rfc-editor.org/rfc/rfc9110#name-retry-after). Undefined for what is neither.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : dateOf(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, Math.ceil(ms)), longestMs);
}

/** `Date.parse` alone would take "5" or "-1" for a year. */
const dateOf = (text: string): number => (/^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN);
