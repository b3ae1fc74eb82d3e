/** Go writes this for "no time". Alertmanager and Grafana send it as `endsAt` of a firing alert. */
const goZeroTime = "0001-01-01T00:00:00Z";
const goZeroTimeMs = Date.parse(goZeroTime);

const rfc3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/**
 * Other spellings that Alertmanager accepts, and combinations of them: a blank instead of the `T`, no seconds, a comma before
 * the fraction, a one-digit hour, and an offset without a colon or without minutes.
 */
const loose =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))[T ]([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d+))?)?(Z|([+-])([01]\d|2[0-4])(?::?([0-5]\d))?)?$/i;

/**
 * Parses RFC 3339 with any number of fraction digits (Go writes nine), or a spelling of it that Alertmanager accepts. Returns
 * ms since epoch, truncated. A time without a zone is UTC. Returns undefined for an empty text and for Go's zero time, which
 * both mean that there is no time; null for a text that is not a time.
 */
export function parseInstant(text: string): number | undefined | null {
  if (text === goZeroTime || text === "") return undefined;
  // `Date.parse` alone would accept "1" as a time, and 30 February as a day in March.
  const ms = rfc3339.test(text) ? Date.parse(text) : parseLoosely(text);
  if (ms === null || !isDay(text)) return null;
  return ms === goZeroTimeMs ? undefined : Math.min(Math.max(ms, firstMs), lastMs);
}

/** The offset can move a time out of the years that RFC 3339 can express, and the times that we send must be valid in it. */
const firstMs = Date.parse("0000-01-01T00:00:00.000Z");
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

function parseLoosely(text: string): number | null {
  const found = loose.exec(text);
  if (found === null) return null;
  const [, date, hour, minute, second = "00", fraction = "0", , sign, offsetHours = "0", offsetMinutes = "0"] = found;
  const utcMs = Date.parse(`${date}T${hour?.padStart(2, "0")}:${minute}:${second}.${fraction}Z`);
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  return sign === "-" ? utcMs + offsetMs : utcMs - offsetMs;
}

/** Returns whether the month has that day; most days exist in every month. */
function isDay(text: string): boolean {
  const day = Number(text.slice(8, 10));
  if (day <= 28) return true;
  const [year, month] = [Number(text.slice(0, 4)), Number(text.slice(5, 7))];
  // Day 0 of the next month is the last day of this one. Uses a year of the same kind, because `Date.UTC` reads 99 as 1999.
  return day <= new Date(Date.UTC(2_000 + (year % 400), month, 0)).getUTCDate();
}
