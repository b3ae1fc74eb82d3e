import { type Issue, parseTarget, type ReadSecret, type Target, type TargetStanding } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";

/** Targets as they were written in one place. */
export interface TargetSet {
  /** Where they come from; a label of metrics. */
  readonly source: string;
  /** What their place is called in issues, such as `targets`. */
  readonly path: string;
  readonly inputs: readonly unknown[];
  readonly readSecret: ReadSecret;
}

/** One target as it was found, right or wrong. */
export interface TargetEntry {
  /** Its name; where it has none, its place. */
  readonly name: string;
  readonly source: string;
  /** Where it was written, such as `targets[2]`. */
  readonly place: string;
  readonly errors: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** What is in force. With errors: the last valid version, if there was one. */
  readonly target: Target | undefined;
}

export type TargetState = "ready" | "degraded" | "invalid" | "disabled" | "shadow" | "unauthorized" | "misconfigured";

/** `blocked`: what its receiver said last. */
export function stateOf({ errors, target }: TargetEntry, blocked?: TargetStanding["blocked"]): TargetState {
  if (errors.length > 0 || target === undefined) return "invalid";
  if (!target.enabled) return "disabled";
  if (target.mode === "shadow") return "shadow";
  return blocked?.state ?? (target.degraded ? "degraded" : "ready");
}

/** Judges each target by itself, and then how they refer to each other. `previous`: what is in force now, by name. */
export function readTargets(
  sets: readonly TargetSet[],
  previous: ReadonlyMap<string, Target> = new Map(),
): TargetEntry[] {
  const entries = new Map<string, TargetEntry>();
  const namesakes: TargetEntry[] = [];
  for (const { source, path, inputs, readSecret } of sets) {
    for (const [index, input] of inputs.entries()) {
      const entry = readTarget(input, { source, place: `${path}[${index}]`, readSecret }, previous);
      const first = entries.get(entry.name);
      if (first === undefined) entries.set(entry.name, entry);
      else namesakes.push(namesake(entry, first));
    }
  }
  return [...[...entries.values()].map((entry) => withFallback(entry, entries, previous)), ...namesakes];
}

interface Whence {
  readonly source: string;
  readonly place: string;
  readonly readSecret: ReadSecret;
}

function readTarget(
  input: unknown,
  { source, place, readSecret }: Whence,
  previous: ReadonlyMap<string, Target>,
): TargetEntry {
  const parsed = parseTarget(input, { types: targetTypes, readSecret, path: place });
  if ("target" in parsed) {
    const { target, warnings } = parsed;
    return { name: target.name, source, place, errors: [], warnings, target };
  }
  const name = nameOf(input) ?? place;
  // A broken one that is meant to be off is off: no earlier version stands in for it.
  const target = parsed.disabled ? undefined : previous.get(name);
  return { name, source, place, errors: parsed.issues, warnings: [], target };
}

const namesake = (entry: TargetEntry, first: TargetEntry): TargetEntry => ({
  ...entry,
  name: `${entry.name} (${entry.place})`,
  errors: [{ path: `${entry.place}.name`, message: `${first.place} has the same name; names must be unique` }],
  target: undefined,
});

/** A fallback that is missing may still come; one that leads back would tell everybody in turn, for ever. */
function withFallback(
  entry: TargetEntry,
  entries: ReadonlyMap<string, TargetEntry>,
  previous: ReadonlyMap<string, Target>,
): TargetEntry {
  const fallback = entry.target?.fallback;
  if (fallback === undefined || entry.errors.length > 0) return entry;
  const path = `${entry.place}.fallback`;
  if (!entries.has(fallback)) {
    const warning = { path, message: `there is no target named ${JSON.stringify(fallback)}` };
    return { ...entry, warnings: [...entry.warnings, warning] };
  }
  const circle = circleFrom(entry.name, entries);
  if (circle === undefined) return entry;
  return {
    ...entry,
    errors: [{ path, message: `leads back to itself: ${circle.join(", ")}` }],
    target: previous.get(entry.name),
  };
}

/** The names from one fallback to the next, where they end at the first one again. */
function circleFrom(start: string, entries: ReadonlyMap<string, TargetEntry>): string[] | undefined {
  const names = [start];
  for (
    let next = entries.get(start)?.target?.fallback;
    next !== undefined;
    next = entries.get(next)?.target?.fallback
  ) {
    names.push(next);
    if (next === start) return names;
    // A circle further on, which this one is not part of.
    if (names.indexOf(next) < names.length - 1) return undefined;
  }
  return undefined;
}

const nameOf = (input: unknown): string | undefined => {
  const name = (input as { name?: unknown } | null)?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
};
