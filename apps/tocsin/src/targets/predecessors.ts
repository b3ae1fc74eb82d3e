import { isDeepStrictEqual } from "node:util";
import type { ResolvedTarget } from "./resolved-target.ts";
import type { TargetDefinition } from "./target-definition.ts";

/** A definition of the current load, valid or not. */
export interface StatedDefinition {
  readonly source: string;
  readonly definition: TargetDefinition;
  /** The full name in the definition. A definition without a name has its place here, such as `targets[2]`. */
  readonly statedName: string;
  /** It is valid, or says `enabled: false`. */
  readonly sound: boolean;
}

/**
 * Finds the entry of the previous load that a broken definition is a new version of, so that the last valid version of
 * that very definition, and of no other, can stay in use. Definitions of one document (a file, a Secret, the list
 * `targets`) are compared with each other only, in this order:
 *
 * 1. It says the same as before: it is the same definition, also if its position in the list has changed.
 * 2. It states a name that was in use from this document, and no sound definition there states that name.
 * 3. It is at the place of a definition whose name is no longer stated in this document: its name may be unreadable now.
 *    If it states another name, a sound definition anywhere may take the old one.
 */
export function predecessors(
  before: readonly ResolvedTarget[],
  definitions: readonly StatedDefinition[],
): (broken: StatedDefinition) => ResolvedTarget | undefined {
  const previous = Map.groupBy(before, ({ source, place }) => documentOf(source, place));
  const current = Map.groupBy(definitions, ({ source, definition }) => documentOf(source, definition.place));
  const soundNames = new Set(definitions.flatMap(({ sound, statedName }) => (sound ? statedName : [])));
  return (broken) => {
    const { source, definition, statedName } = broken;
    const document = documentOf(source, definition.place);
    const entries = previous.get(document) ?? [];
    const same = entries.filter((entry) => saysTheSame(entry.definition, definition));
    if (same.length > 0) return same.find(({ place }) => place === definition.place) ?? same[0];
    const now = current.get(document) ?? [];
    const named = entries.find(({ name, target }) => name === statedName && target !== undefined);
    if (named !== undefined && !now.some((other) => other.sound && other.statedName === statedName)) return named;
    const placed = entries.find(({ place }) => place === definition.place);
    if (placed === undefined || now.some((other) => other.statedName === placed.name)) return undefined;
    const renamed = statedName !== definition.place;
    return renamed && soundNames.has(placed.name) ? undefined : placed;
  };
}

/** Removes the position in a list: it is no identity, because earlier definitions in the list come and go. */
const documentOf = (source: string, place: string): string => `${source} ${place.replace(/\[\d+\]$/, "")}`;

/** Two texts that cannot be parsed are never considered the same. */
const saysTheSame = (one: TargetDefinition, other: TargetDefinition): boolean =>
  one === other ||
  (one.input !== undefined && isDeepStrictEqual(one.input, other.input) && isDeepStrictEqual(one.beside, other.beside));
