import { parseTarget, type ParsedTarget, type ReadSecret, type Target } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";

import { fallbacksOf } from "./fallbacks.ts";
import type { TargetEntry } from "./target-entry.ts";
import { issuePath, pathOf, type TargetSet, type WrittenTarget } from "./written-target.ts";

export type ParseWritten = (written: WrittenTarget, readSecret: ReadSecret) => ParsedTarget;

export interface Reading {
  /** What is in force now, by name. */
  readonly previous?: ReadonlyMap<string, Target>;
  /** Names of what was found last, by place: whose is the one whose name cannot be read any more? */
  readonly named?: ReadonlyMap<string, string>;
  /** Whether a target of one Kubernetes namespace may fall back to another namespace's. @default false */
  readonly fallbackAcrossNamespaces?: boolean;
  /** @default `parseWritten` */
  readonly parse?: ParseWritten;
}

/** Judges each target by itself, and then how they refer to each other. */
export function readTargets(
  sets: readonly TargetSet[],
  { previous = new Map(), named = new Map(), fallbackAcrossNamespaces = false, parse = parseWritten }: Reading = {},
): TargetEntry[] {
  const read = sets.flatMap(({ source, targets, readSecret }) =>
    targets.map((written) => readTarget(written, { source, parsed: parse(written, readSecret) })),
  );
  const claimed = new Set(read.map(({ name }) => name));
  const entries = new Map<string, TargetEntry>();
  const namesakes: TargetEntry[] = [];
  for (const { off, ...entry } of read) {
    const first = entries.get(entry.name);
    if (first !== undefined) namesakes.push(namesake(entry, first));
    else if (entry.target !== undefined || off) entries.set(entry.name, entry);
    else {
      const before = named.get(entry.place);
      const names = [entry.name, ...(before === undefined || claimed.has(before) ? [] : [before])];
      const name = names.find((one) => previous.has(one)) ?? entry.name;
      const target = previous.get(name);
      entries.set(name, { ...entry, name, target, inForce: target === undefined ? "nothing" : "last_valid" });
    }
  }
  return [...fallbacksOf(entries, fallbackAcrossNamespaces), ...namesakes];
}

/** Reads and compiles one, under its full name. */
export function parseWritten(written: WrittenTarget, readSecret: ReadSecret): ParsedTarget {
  const { place, input, name, namespace, beside, issues = [] } = written;
  if (issues.length > 0) return { issues, disabled: false };
  const parsed = parseTarget(input, {
    types: targetTypes,
    readSecret,
    path: pathOf(place),
    ...(name !== undefined && { name }),
    ...(beside !== undefined && { beside }),
  });
  if (namespace === undefined || !("target" in parsed)) return parsed;
  return { ...parsed, target: { ...parsed.target, name: fullName(namespace, parsed.target.name) } };
}

/** `off`: it is broken and meant to be off, so no earlier version stands in for it. */
function readTarget(
  written: WrittenTarget,
  { source, parsed }: { readonly source: string; readonly parsed: ParsedTarget },
): TargetEntry & { readonly off: boolean } {
  const { place, namespace, input, warnings = [] } = written;
  const whence = { source, place, ...(namespace !== undefined && { namespace }) };
  if ("target" in parsed) {
    const { target } = parsed;
    const found = { errors: [], warnings: [...warnings, ...parsed.warnings], target };
    return { name: target.name, ...whence, ...found, inForce: "as_written", off: false };
  }
  const name = nameOf(input) ?? written.name;
  return {
    name: name === undefined ? place : fullName(namespace, name),
    ...whence,
    errors: parsed.issues,
    warnings,
    target: undefined,
    inForce: "nothing",
    off: parsed.disabled,
  };
}

const namesake = (entry: TargetEntry, first: TargetEntry): TargetEntry => ({
  ...entry,
  name: `${entry.name} (${entry.place})`,
  errors: [{ path: issuePath(entry.place, "name"), message: `${first.place} has the same name; names must be unique` }],
  target: undefined,
  inForce: "nothing",
});

const fullName = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

const nameOf = (input: unknown): string | undefined => {
  const name = (input as { name?: unknown } | null)?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
};
