/** RFC 3339 in a form that every parser accepts: seconds, a zone with a colon, no leap second, a day that every month has. */
const plain =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** ISO 8601 as senders write it: PagerDuty's own examples end in `+0000`. */
const iso8601 = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)$/i;

/**
 * Writes a date and time with a zone in a form that every parser accepts. A text in that form stays as it is.
 *
 * @returns `undefined` for any other text: PagerDuty then uses the time of receipt
 */
export function fitTimestamp(timestamp: string | undefined): string | undefined {
  if (timestamp === undefined || plain.test(timestamp)) return timestamp;
  const [, day, minute, second = ":00", fraction = "0", zone] = iso8601.exec(timestamp) ?? [];
  // JavaScript reads the 30th of February as the 2nd of March, and this writes the 2nd of March. Other parsers refuse the 30th.
  const date = new Date(`${day}T${minute}${second}.${fraction}${zone}`);
  // A zone can move a date out of the years with four digits.
  if (Number.isNaN(date.getTime()) || !/^\d{4}-/.test(date.toISOString())) return undefined;
  return date.toISOString();
}
