import type { Matcher } from "@tocsin/core";
import { matcherOf, matcherText, opposite } from "./matcher-of.ts";

/** Which alerts a route handles: those that match all of `all`, and none of the lists in `none` wholly. */
export interface Condition {
  readonly all: readonly Matcher[];
  readonly none: readonly (readonly Matcher[])[];
}

/**
 * Removes all parts that follow from others, and makes the rest short. A list in `none` with one matcher becomes a negative matcher.
 *
 * @returns undefined if no alert can meet the condition
 */
export function simplify({ all, none }: Condition): Condition | undefined {
  const required = new Map(all.map((matcher) => [matcherText(matcher), matcher]));
  let open = none;
  for (let changed = true; changed;) {
    changed = false;
    const rest: (readonly Matcher[])[] = [];
    for (const list of open) {
      const members = list.map((matcher) => [matcher, judge(matcher, required)] as const);
      if (members.some(([, holds]) => holds === false)) continue;
      const undecided = members.flatMap(([matcher, holds]) => (holds === undefined ? [matcher] : []));
      if (undecided.length === 0) return undefined;
      if (undecided.length > 1) {
        rest.push(undecided);
        continue;
      }
      const negated = opposite(undecided[0]!);
      required.set(matcherText(negated), negated);
      changed = true;
    }
    open = rest;
  }
  const values = fixedValues(required);
  for (const [key, matcher] of required) {
    const value = values.get(matcher.label);
    if (value === undefined) continue;
    if (!matcher.matches(value)) return undefined;
    if (key !== matcherText(matcherOf(matcher.label, "=", value))) required.delete(key);
  }
  return { all: joinNegatives([...required.values()]), none: joinLists(open) };
}

/** The labels that must have one value. */
const fixedValues = (required: ReadonlyMap<string, Matcher>): Map<string, string> =>
  new Map([...required.values()].flatMap(({ label, operator, value }) => (operator === "=" ? [[label, value]] : [])));

/** Whether a matcher holds for every alert that meets the requirements; undefined: for some. */
function judge(matcher: Matcher, required: ReadonlyMap<string, Matcher>): boolean | undefined {
  const value = fixedValues(required).get(matcher.label);
  if (value !== undefined) return matcher.matches(value);
  if (required.has(matcherText(matcher))) return true;
  if (required.has(matcherText(opposite(matcher)))) return false;
  return undefined;
}

const isNegative = ({ operator }: Matcher): boolean => operator.startsWith("!");

/** `team!="a"` and `team!="b"` become `team!~"a|b"`. */
function joinNegatives(matchers: readonly Matcher[]): Matcher[] {
  const joined = Map.groupBy(matchers.filter(isNegative), ({ label }) => label);
  return [
    ...matchers.filter((matcher) => !isNegative(matcher)),
    ...[...joined.values()].flatMap((some) => union(some.map(opposite)).map(opposite)),
  ];
}

/** Lists that differ in the value of one label become one list: most trees repeat `severity="critical"` for each team. */
function joinLists(lists: readonly (readonly Matcher[])[]): (readonly Matcher[])[] {
  let joined = [...new Map(lists.map((list) => [keyOf(list), list])).values()];
  for (let at = 0; at < Math.max(0, ...joined.map(({ length }) => length)); at += 1) {
    const families = Map.groupBy(joined, (list) => {
      const own = ordered(list)[at];
      if (own === undefined || own.operator.startsWith("!")) return keyOf(list);
      return JSON.stringify([own.label, keyOf(list.filter((matcher) => matcher !== own))]);
    });
    joined = [...families.values()].flatMap((family) => {
      const own = ordered(family[0]!)[at];
      if (family.length === 1 || own === undefined) return family;
      const rest = family[0]!.filter((matcher) => matcher !== own);
      return union(family.map((list) => ordered(list)[at]!)).map((matcher) => [...rest, matcher]);
    });
  }
  return joined;
}

const ordered = (list: readonly Matcher[]): Matcher[] =>
  list.toSorted((a, b) => (matcherText(a) < matcherText(b) ? -1 : 1));
const keyOf = (list: readonly Matcher[]): string => ordered(list).map(matcherText).join(",");

/** In characters; a longer pattern would be refused. */
const longestPattern = 900;

/** Positive matchers of one label as few matchers, any of which must match. */
function union(matchers: readonly Matcher[]): Matcher[] {
  const { label } = matchers[0]!;
  if (matchers.length === 1) return [...matchers];
  const lists: string[][] = [[]];
  for (const pattern of new Set(matchers.map(patternOf))) {
    const last = lists.at(-1)!;
    if ([...last, pattern].join("|").length > longestPattern && last.length > 0) lists.push([pattern]);
    else last.push(pattern);
  }
  return lists.map((patterns) => matcherOf(label, "=~", patterns.join("|")));
}

const patternOf = ({ operator, value }: Matcher): string => {
  if (operator === "=") return value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  // Alternatives of a pattern stay alternatives; a flag such as (?i) must not reach beyond its pattern.
  return /^[^()[\]\\]*$/.test(value) ? value : `(?:${value})`;
};
