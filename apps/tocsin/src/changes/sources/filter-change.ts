import type { ChangeSource } from "./change-source.ts";

/** The parts of an event that filters look at. An event without one of them passes the filter for it. */
export interface Filtered {
  readonly environment: string | undefined;
  readonly branch: string | undefined;
  readonly state: string | undefined;
  readonly isFinal: boolean;
}

/** Returns why an event is not wanted. Undefined: it passes. */
export type ChangeFilter = (filtered: Filtered) => string | undefined;

/** Compiles the filters of a source. */
export function filterChange({ environments, branches, states }: ChangeSource["filters"]): ChangeFilter {
  const allowsEnvironment = anyOf(environments, "i");
  const allowsBranch = anyOf(branches, "");
  const allowsState = anyOf(states, "i");
  return ({ environment, branch, state, isFinal }) => {
    if (states === undefined ? !isFinal : state !== undefined && !allowsState(state))
      return states === undefined
        ? `the state ${quoted(state)} is not final`
        : `the state ${quoted(state)} is not in filters.states`;
    if (environment !== undefined && !allowsEnvironment(environment))
      return `the environment ${quoted(environment)} is not in filters.environments`;
    if (branch !== undefined && !allowsBranch(branch)) return `the branch ${quoted(branch)} is not in filters.branches`;
    return undefined;
  };
}

/** Undefined patterns allow every text. `flags`: `i` ignores the case, as senders do for names of environments. */
function anyOf(patterns: readonly string[] | undefined, flags: "i" | ""): (text: string) => boolean {
  if (patterns === undefined) return () => true;
  const expressions = patterns.map(
    (pattern) => new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`, `s${flags}`),
  );
  return (text) => expressions.some((expression) => expression.test(text));
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

const quoted = (text: string | undefined): string => JSON.stringify(text ?? "unknown");
