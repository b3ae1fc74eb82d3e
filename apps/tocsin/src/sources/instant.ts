/** What Go writes for "no time"; Alertmanager and Grafana send it as `endsAt` of whatever still fires. */
const goZeroTimeMs = Date.UTC(2000, 0, 1) - 63_082_281_600_000;

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,3})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * RFC 3339 with any number of fraction digits (Go writes nine), cut to ms since epoch. Undefined for Go's zero time, which
 * means that there is none; null for what is no time. `Date.parse` takes 30 February and "1", so it is not asked.
 */
export function parseInstant(text: string): number | undefined | null {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHour, offsetMinute] = match;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== Number(month) - 1) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  let ms = date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, "0")));
  if (sign !== undefined) {
    if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
    const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
    ms += sign === "+" ? -offsetMs : offsetMs;
  }
  return ms === goZeroTimeMs ? undefined : ms;
}
