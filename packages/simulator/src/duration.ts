const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `"500ms"`, `"6s"`, `"2m"`, `"1h"`, `"1d"`, or a bare number of seconds. Undefined when it is neither. */
export function parseDurationMs(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? Math.round(value * 1000) : undefined;
  if (typeof value !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(value.trim());
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * (unitMs[match[2] ?? "s"] ?? 1000));
}

/** `90000` → `"90s"`. The largest unit that keeps it whole. */
export function formatDuration(ms: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    const size = unitMs[unit] ?? 1;
    if (ms >= size && ms % size === 0 && (unit === "s" || ms / size >= 2)) return `${ms / size}${unit}`;
  }
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
