/** What Go writes for "no time"; Alertmanager and Grafana send it as `endsAt` of whatever still fires. */
const goZeroTime = "0001-01-01T00:00:00Z";
const goZeroTimeMs = Date.parse(goZeroTime);

const rfc3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/**
 * RFC 3339 with any number of fraction digits (Go writes nine), cut to ms since epoch. Undefined for Go's zero time, which
 * means that there is none; null for what is no time.
 */
export function parseInstant(text: string): number | undefined | null {
  if (text === goZeroTime) return undefined;
  // `Date.parse` alone takes "1" for a time, and 30 February for a day in March.
  if (!rfc3339.test(text) || !isDay(text)) return null;
  const ms = Date.parse(text);
  return ms === goZeroTimeMs ? undefined : ms;
}

/** Whether the month has that day; most days are in every month. */
function isDay(text: string): boolean {
  const day = Number(text.slice(8, 10));
  if (day <= 28) return true;
  const [year, month] = [Number(text.slice(0, 4)), Number(text.slice(5, 7))];
  // Day 0 of the next month is the last of this one. A year of the same kind, since `Date.UTC` takes 99 for 1999.
  return day <= new Date(Date.UTC(2_000 + (year % 400), month, 0)).getUTCDate();
}
