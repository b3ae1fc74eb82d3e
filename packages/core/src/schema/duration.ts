import { z } from "zod";

/** Ms per unit, largest first: a text must use the units in this order. */
const units = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

const pattern = /^(?=\d)(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;

/** Ten years. A longer duration is a mistake, and would overflow timers and dates. */
const maxMs = 3650 * units.d;

const expected = 'expected a duration such as "30s", "5m" or "1h30m"';

/**
 * A duration in Prometheus' syntax (`"30s"`, `"1h30m"`, `"500ms"`); in code it is a number of milliseconds. `0` needs no unit.
 * Any other number without a unit is refused, because its unit would be a guess.
 *
 * @example
 * z.object({ timeout: duration().prefault("10s") }).parse({}); // { timeout: 10_000 }
 */
export function duration(): z.ZodType<number, string | 0> {
  return z
    .union([z.string().regex(pattern, expected), z.literal("0"), z.literal(0)], { error: expected })
    .transform(toMs)
    .refine((ms) => ms <= maxMs, { error: "must not be longer than 3650d" })
    .meta({ examples: ["30s", "5m", "1h30m"] });
}

function toMs(text: string | 0): number {
  const counts = pattern.exec(String(text))?.slice(1) ?? [];
  return Object.values(units).reduce((sum, unitMs, i) => sum + Number(counts[i] ?? 0) * unitMs, 0);
}

/**
 * Formats milliseconds as a text that `duration` can parse.
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
