/** RFC 3339 as every parser takes it: seconds, a zone with a colon, no leap second. */
const plain = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
/** ISO 8601 as it is met: PagerDuty's own examples end in `+0000`. */
const met = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)$/i;

/**
 * A date and time with a zone, in the one form that every parser takes. What is in that form already stays as it is.
 *
 * @returns `undefined` for anything else, so that PagerDuty puts its own time
 */
export function fitTimestamp(timestamp: string | undefined): string | undefined {
  const [, day, minute, second = ":00", fraction = "0", zone] = met.exec(timestamp ?? "") ?? [];
  if (timestamp === undefined || day === undefined) return undefined;
  // JavaScript reads the 30th of February as the 2nd of March; others do not read it at all.
  if (plain.test(timestamp) && isDay(day)) return Number.isNaN(Date.parse(timestamp)) ? undefined : timestamp;
  const date = new Date(`${day}T${minute}${second}.${fraction}${zone}`);
  if (Number.isNaN(date.getTime())) return undefined;
  const text = date.toISOString();
  // A zone can carry it out of the four-digit years.
  return plain.test(text) ? text : undefined;
}

function isDay(day: string): boolean {
  const date = new Date(day);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
