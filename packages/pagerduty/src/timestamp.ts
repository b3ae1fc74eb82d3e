const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * A timestamp that every ISO 8601 parser takes: RFC 3339 stays, what JavaScript can read otherwise is rewritten.
 *
 * @returns `undefined` for what is no time, so that PagerDuty puts its own
 */
export function fitTimestamp(timestamp: string | undefined): string | undefined {
  if (timestamp === undefined) return undefined;
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return undefined;
  if (rfc3339.test(timestamp)) return timestamp;
  const text = date.toISOString();
  return rfc3339.test(text) ? text : undefined;
}
