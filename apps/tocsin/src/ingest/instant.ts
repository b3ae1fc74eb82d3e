/** Go writes this for "no time"; Alertmanager and Grafana send it as `endsAt` of an alert that still fires. */
const goZeroTime = "0001-01-01T00:00:00Z";
const goZeroTimeMs = Date.parse(goZeroTime);

const rfc3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/**
 * The other spellings that Alertmanager reads, and what lies between them: a blank for the `T`, no seconds, a comma before
 * the fraction, one digit for the hour, and an offset without colon or without minutes.
 */
const loose =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))[T ]([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d+))?)?(Z|([+-])([01]\d|2[0-4])(?::?([0-5]\d))?)?$/i;

/**
 * RFC 3339 with any number of fraction digits (Go writes nine), or a spelling of it that Alertmanager reads too. Cut to ms since
 * epoch. A time without a zone is UTC. Undefined for an empty text and for Go's zero time, which both mean that there is
 * no time; null for a text that is not a time.
 */
export function parseInstant(text: string): number | undefined | null {
  if (text === goZeroTime || text === "") return undefined;
  // `Date.parse` alone takes "1" for a time, and 30 February for a day in March.
  const ms = rfc3339.test(text) ? Date.parse(text) : parseLoosely(text);
  if (ms === null || !isDay(text)) return null;
  return ms === goZeroTimeMs ? undefined : Math.min(Math.max(ms, firstMs), lastMs);
}

/** An offset leads out of the years that RFC 3339 can write, and what is sent must be such a time. */
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

/** Whether the month has that day; most days are in every month. */
function isDay(text: string): boolean {
  const day = Number(text.slice(8, 10));
  if (day <= 28) return true;
  const [year, month] = [Number(text.slice(0, 4)), Number(text.slice(5, 7))];
  // Day 0 of the next month is the last of this one. A year of the same kind, since `Date.UTC` takes 99 for 1999.
  return day <= new Date(Date.UTC(2_000 + (year % 400), month, 0)).getUTCDate();
}
