import { type Issue, parseTarget, type ParsedTarget, type ReadSecret, type Target } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";
import type { Refusal } from "./discovery/target-guard.ts";
import { classifiedTargets, type TargetClassification } from "./classified-targets.ts";
import { confirmedTargets } from "./confirmed-targets.ts";
import { fallbacksOf } from "./fallbacks.ts";
import { predecessors } from "./predecessors.ts";
import type { ResolvedTarget } from "./resolved-target.ts";
import { targetTlsIssues } from "./target-certificates.ts";
import { issuePath, pathOf, type TargetSet, type TargetDefinition } from "./target-definition.ts";

export type ParseDefinition = (definition: TargetDefinition, readSecret: ReadSecret) => ParsedTarget;

export interface ResolveOptions {
  /** The entries of the previous load: a definition that broke since then may keep its last valid version in use. */
  readonly before?: readonly ResolvedTarget[];
  /** Whether a target of one Kubernetes namespace may fall back to another namespace's. @default false */
  readonly fallbackAcrossNamespaces?: boolean;
  /** Names of the targets whose receivers confirm incidents, by a callback. @default none */
  readonly confirmed?: readonly string[];
  /** @default unknown: options of targets about it are not checked */
  readonly classification?: TargetClassification;
  /** @default `parseDefinition` */
  readonly parse?: ParseDefinition;
  /** Returns why a valid target must not be used; empty: it may be. @default every target may be used */
  readonly refusalsOf?: (target: Target) => readonly Refusal[];
}

/**
 * Checks each definition by itself, then decides which of them own their names, then resolves their references to each other.
 */
export function resolveTargets(
  sets: readonly TargetSet[],
  {
    before = [],
    fallbackAcrossNamespaces = false,
    confirmed = [],
    classification,
    parse = parseDefinition,
    refusalsOf = () => [],
  }: ResolveOptions = {},
): ResolvedTarget[] {
  const read = sets.flatMap(({ source, targets, readSecret }) =>
    targets.map((definition) =>
      resolveTarget(definition, { source, parsed: parse(definition, readSecret), refusalsOf }),
    ),
  );
  const predecessorOf = predecessors(
    before,
    read.map((entry) => ({ ...entry, statedName: entry.name, sound: entry.ownsName })),
  );
  const judged = read.map((entry): ResolvedTarget => {
    if (entry.ownsName || entry.definition.withoutLastValid) return entry;
    const { name, target } = predecessorOf({ ...entry, statedName: entry.name, sound: false }) ?? {};
    if (name === undefined || target === undefined || refusalsOf(target).length > 0) return entry;
    return { ...entry, name, target, inForce: "last_valid", ownsName: true };
  });
  const resolved = confirmedTargets(fallbacksOf(uniquelyNamed(judged), fallbackAcrossNamespaces), confirmed);
  return classification === undefined ? resolved : classifiedTargets(resolved, classification);
}

/** The first of several owners of a name keeps it. All other definitions that state the name get their place appended. */
function uniquelyNamed(entries: readonly ResolvedTarget[]): ResolvedTarget[] {
  const owners = new Map<string, ResolvedTarget>();
  for (const entry of entries) {
    if (entry.ownsName && !owners.has(entry.name)) owners.set(entry.name, entry);
  }
  const taken = new Set(owners.keys());
  return entries.map((entry) => {
    const owner = owners.get(entry.name);
    if (owner === entry) return entry;
    let { name } = entry;
    while (taken.has(name)) name += ` (${entry.place})`;
    taken.add(name);
    if (owner === undefined) return { ...entry, name };
    const path = issuePath(entry.place, "name");
    const clash = { path, message: `${owner.place} has the same name; names must be unique` };
    // Its own mistakes come first. If the last valid version owned the name, these mistakes are of a version that is not
    // used.
    return {
      ...entry,
      name,
      errors: [...entry.errors, clash],
      target: undefined,
      inForce: "nothing",
      ownsName: false,
    };
  });
}

/** Parses and compiles one definition, under its full name. */
export function parseDefinition(definition: TargetDefinition, readSecret: ReadSecret): ParsedTarget {
  const { place, input, name, namespace, beside, issues = [] } = definition;
  if (issues.length > 0) return { issues, disabled: false };
  const parsed = parseTarget(input, {
    types: targetTypes,
    readSecret,
    path: pathOf(place),
    ...(name !== undefined && { name }),
    ...(beside !== undefined && { siblingEntries: beside }),
  });
  if (!("target" in parsed)) return parsed;
  const tlsIssues = targetTlsIssues(parsed.target).map((issue) => ({ ...issue, path: issuePath(place, issue.path) }));
  if (tlsIssues.length > 0) return { issues: tlsIssues, disabled: !parsed.target.enabled };
  if (namespace === undefined) return parsed;
  return { ...parsed, target: { ...parsed.target, name: fullName(namespace, parsed.target.name), fromSecret: true } };
}

function resolveTarget(
  definition: TargetDefinition,
  {
    source,
    parsed,
    refusalsOf,
  }: { readonly source: string; readonly parsed: ParsedTarget } & Required<Pick<ResolveOptions, "refusalsOf">>,
): ResolvedTarget {
  const { place, namespace, input, warnings = [] } = definition;
  const whence = { source, place, definition, ...(namespace !== undefined && { namespace }) };
  if ("target" in parsed) {
    const { target } = parsed;
    const found = { name: target.name, ...whence, warnings: [...warnings, ...parsed.warnings] };
    const refusals = refusalsOf(target);
    const [first] = refusals;
    if (first === undefined) return { ...found, errors: [], target, inForce: "as_written", ownsName: true };
    const errors = refusals.map(({ path, message }) => ({ path: issuePath(place, path), message }));
    const unused = { target: undefined, inForce: "nothing", ownsName: !target.enabled } as const;
    return { ...found, errors, refused: first.reason, ...unused };
  }
  const name = nameOf(input) ?? definition.name;
  return {
    name: name === undefined ? place : fullName(namespace, name),
    ...whence,
    errors: bounded(parsed.issues),
    warnings,
    target: undefined,
    inForce: "nothing",
    // If it says `enabled: false`, no earlier version of it stays in use.
    ownsName: parsed.disabled,
  };
}

/** Maximum number of errors per target: each unknown key is an error, and all errors are kept, logged and shown. */
const maxErrors = 100;

const bounded = (issues: readonly Issue[]): readonly Issue[] =>
  issues.length <= maxErrors
    ? issues
    : [...issues.slice(0, maxErrors), { path: "", message: `and ${issues.length - maxErrors} more mistakes` }];

const fullName = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

const nameOf = (input: unknown): string | undefined => {
  const name = (input as { name?: unknown } | null)?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
};
