import { z } from "zod";

/** Ms per unit, largest first: the order in which they may follow each other. */
const units = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

const pattern = /^(?=\d)(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;

/** Ten years: whatever is longer is a mistake, and would overflow timers and dates. */
const longestMs = 3650 * units.d;

const expected = 'expected a duration such as "30s", "5m" or "1h30m"';

/**
 * A duration as Prometheus writes it (`"30s"`, `"1h30m"`, `"500ms"`), in code milliseconds. `0` needs no unit; any other
 * bare number is refused, for nobody knows its unit.
 *
 * @example
 * z.object({ timeout: duration().prefault("10s") }).parse({}); // { timeout: 10_000 }
 */
export function duration(): z.ZodType<number, string | 0> {
  return z
    .union([z.string().regex(pattern, expected), z.literal("0"), z.literal(0)], { error: expected })
    .transform(toMs)
    .refine((ms) => ms <= longestMs, { error: "must not be longer than 3650d" })
    .meta({ examples: ["30s", "5m", "1h30m"] });
}

function toMs(text: string | 0): number {
  const counts = pattern.exec(String(text))?.slice(1) ?? [];
  return Object.values(units).reduce((sum, unitMs, i) => sum + Number(counts[i] ?? 0) * unitMs, 0);
}

/**
 * Milliseconds as a duration's text, as `duration` reads it.
 *
 * @example
 * formatDuration(90_000); // "1m30s"
 */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  const text = Object.entries(units).map(([unit, unitMs]) => {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    return count === 0 ? "" : `${count}${unit}`;
  });
  return text.join("") || "0s";
}
