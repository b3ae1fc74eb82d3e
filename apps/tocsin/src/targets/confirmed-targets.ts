import { nameIn } from "./fallbacks.ts";
import type { ResolvedTarget } from "./resolved-target.ts";
import { issuePath } from "./target-definition.ts";

/**
 * Applies `confirm_within` to the targets that a callback covers. Without a callback no receiver can confirm anything, so each
 * critical would go to the fallback too: the option has no effect, and a warning says so. `covered`: names in `callbacks`.
 */
export function confirmedTargets(all: readonly ResolvedTarget[], covered: readonly string[]): ResolvedTarget[] {
  if (!all.some(({ target }) => target?.confirmWithinMs !== undefined)) return [...all];
  const entries = new Map(all.map((entry) => [entry.name, entry]));
  const names = new Set(covered.flatMap((name) => nameIn(entries, name) ?? []));
  return all.map((entry) => {
    const confirmWithinMs = entry.target?.confirmWithinMs;
    if (confirmWithinMs === undefined) return entry;
    if (names.has(entry.name)) return { ...entry, confirmWithinMs };
    const message =
      "has no effect: no entry of `callbacks` names this target, so its receiver cannot report that an incident exists";
    return { ...entry, warnings: [...entry.warnings, { path: issuePath(entry.place, "confirm_within"), message }] };
  });
}
