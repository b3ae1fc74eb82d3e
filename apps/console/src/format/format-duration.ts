const units = [
  { ms: 86_400_000, name: "d" },
  { ms: 3_600_000, name: "h" },
  { ms: 60_000, name: "min" },
  { ms: 1_000, name: "s" },
] as const;

/** At most two units, rounded down: `850 ms`, `42 s`, `3 min 5 s`, `2 d 4 h`. A negative duration counts as 0. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  const first = units.findIndex((unit) => ms >= unit.ms);
  if (first === -1) return ms === 0 ? "0 s" : `${Math.max(1, Math.round(ms))} ms`;
  return formatFrom(ms, first, 2);
}

/** One unit, for columns: `42 s`, `3 min`, `2 d`. */
export function formatAge(ageMs: number): string {
  const ms = Math.max(0, ageMs);
  const first = units.findIndex((unit) => ms >= unit.ms);
  return first === -1 ? "0 s" : formatFrom(ms, first, 1);
}

function formatFrom(ms: number, first: number, most: number): string {
  let rest = ms;
  return units
    .slice(first, first + most)
    .flatMap((unit) => {
      const count = Math.floor(rest / unit.ms);
      rest -= count * unit.ms;
      return count > 0 ? [`${count} ${unit.name}`] : [];
    })
    .join(" ");
}
