import type { Issue } from "@tocsin/core";
import type { ResolvedTarget } from "./resolved-target.ts";
import { issuePath } from "./target-definition.ts";

/**
 * Resolves the fallbacks once all targets are known. A missing fallback is a warning, because its target may still appear. A
 * cycle would send to all its targets in turn, forever, and a fallback in another team's namespace would page that team: both
 * are errors, and only the fallback is ignored, because the target itself can deliver.
 */
export function fallbacksOf(all: readonly ResolvedTarget[], acrossNamespaces: boolean): ResolvedTarget[] {
  const entries = new Map(all.map((entry) => [entry.name, entry]));
  const found = new Map<string, string>();
  const wrong = new Map<string, { readonly message: string; readonly missing?: true }>();
  for (const [name, { target, namespace }] of entries) {
    if (target?.fallback === undefined) continue;
    const fallback = nameIn(entries, target.fallback, namespace);
    const there = fallback === undefined ? undefined : entries.get(fallback);
    // Shows the name, but not a key that was entered here by mistake.
    const written = JSON.stringify(target.fallback.replace(/[0-9A-Za-z]{32,}/g, "[secret]"));
    if (fallback === undefined || there === undefined)
      wrong.set(name, { message: `there is no target named ${written}`, missing: true });
    else if (namespace !== undefined && namespace !== there.namespace && !acrossNamespaces)
      wrong.set(name, { message: `${written} is not in the namespace ${namespace}, and may not be used from there` });
    else found.set(name, fallback);
  }
  for (const [name, circle] of circlesAmong(found))
    wrong.set(name, { message: `leads back to itself: ${circle.join(", ")}` });
  return all.map((entry) => {
    const { name } = entry;
    const problem = wrong.get(name);
    const fallback = found.get(name);
    if (problem === undefined) return fallback === undefined ? entry : { ...entry, fallback };
    const issue: Issue = { path: issuePath(entry.place, "fallback"), message: problem.message };
    if (problem.missing) return { ...entry, warnings: [...entry.warnings, issue] };
    const inForce = entry.inForce === "as_written" ? "without_fallback" : entry.inForce;
    return { ...entry, errors: [...entry.errors, issue], inForce };
  });
}

/**
 * Returns the full name of the target that `name` refers to: a target of the same namespace first, then the target with that
 * full name, then the only target with that short name. Definitions that own their names come before all others. Undefined: no
 * such target, or several.
 */
export function nameIn(
  entries: ReadonlyMap<string, Pick<ResolvedTarget, "namespace" | "ownsName">>,
  name: string,
  namespace?: string,
): string | undefined {
  const neighbour = `${namespace}/${name}`;
  if (namespace !== undefined && entries.has(neighbour)) return neighbour;
  if (entries.get(name)?.ownsName) return name;
  const short = [...entries].filter(([full, entry]) => full === `${entry.namespace}/${name}`);
  const owners = short.filter(([, { ownsName }]) => ownsName);
  if (owners.length > 0) return onlyOf(owners);
  return entries.has(name) ? name : onlyOf(short);
}

const onlyOf = ([only, ...others]: readonly (readonly [string, unknown])[]): string | undefined =>
  others.length === 0 ? only?.[0] : undefined;

/** For each name in a cycle: the names from one to the next, up to the repetition of the first. */
function circlesAmong(fallbacks: ReadonlyMap<string, string>): Map<string, readonly string[]> {
  const circles = new Map<string, readonly string[]>();
  for (const start of fallbacks.keys()) {
    const names = [start];
    for (let next = fallbacks.get(start); next !== undefined; next = fallbacks.get(next)) {
      names.push(next);
      if (next === start) circles.set(start, names);
      // The walk is back at a name that it has passed: its own cycle is complete, or it entered a cycle that `start` is not
      // part of.
      if (names.indexOf(next) < names.length - 1) break;
    }
  }
  return circles;
}
