/** RFC 3339 as every parser takes it: seconds, a zone with a colon, no leap second, a day that every month has. */
const plain =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** ISO 8601 as it is met: PagerDuty's own examples end in `+0000`. */
const met = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)$/i;

/**
 * A date and time with a zone, in the one form that every parser takes. What is in that form already stays as it is.
 *
 * @returns `undefined` for anything else, so that PagerDuty puts its own time
 */
export function fitTimestamp(timestamp: string | undefined): string | undefined {
  if (timestamp === undefined || plain.test(timestamp)) return timestamp;
  const [, day, minute, second = ":00", fraction = "0", zone] = met.exec(timestamp) ?? [];
  // JavaScript reads the 30th of February as the 2nd of March, which is what this writes; others do not read it at all.
  const date = new Date(`${day}T${minute}${second}.${fraction}${zone}`);
  // A zone can carry it out of the years of four digits.
  if (Number.isNaN(date.getTime()) || !/^\d{4}-/.test(date.toISOString())) return undefined;
  return date.toISOString();
}
