import type { Matcher } from "@tocsin/core";
import type { Condition } from "./condition.ts";
import { matcherText, opposite } from "./matcher-of.ts";

export interface WrittenFilters {
  readonly matchers?: readonly string[];
  readonly when?: string;
}

/**
 * The filters of a target that receives the alerts of any of these conditions. Matchers are preferred; they cannot say "or", which
 * `when` can.
 */
export function filtersOf(conditions: readonly Condition[]): WrittenFilters {
  const { common, rests } = factored(joinOpposites(conditions));
  const when = whenOf(rests);
  return { ...(common.length > 0 && { matchers: common.map(matcherText) }), ...(when !== undefined && { when }) };
}

/** Takes the matchers that all conditions share out of them. */
function factored(conditions: readonly Condition[]): { common: readonly Matcher[]; rests: readonly Condition[] } {
  const [first, ...others] = conditions;
  const common = (first?.all ?? []).filter((matcher) => others.every(({ all }) => has(all, matcher)));
  return { common, rests: conditions.map(({ all, none }) => ({ all: all.filter((one) => !has(common, one)), none })) };
}

const has = (matchers: readonly Matcher[], matcher: Matcher): boolean =>
  matchers.some((one) => matcherText(one) === matcherText(matcher));

/** Two conditions that differ in one matcher and its opposite are one condition without it. */
function joinOpposites(conditions: readonly Condition[]): readonly Condition[] {
  for (const a of conditions)
    for (const b of conditions) {
      if (a === b || exceptionsOf(a) !== exceptionsOf(b)) continue;
      const differing = a.all.filter((matcher) => !has(b.all, matcher));
      const [only] = differing;
      if (a.all.length !== b.all.length || differing.length !== 1 || !has(b.all, opposite(only!))) continue;
      const joined = { all: a.all.filter((matcher) => matcher !== only), none: a.none };
      return joinOpposites([...conditions.filter((one) => one !== a && one !== b), joined]);
    }
  return conditions;
}

const exceptionsOf = ({ none }: Condition): string => none.map(notAll).join(" && ");

/** Undefined: all alerts. */
function whenOf(conditions: readonly Condition[]): string | undefined {
  if (conditions.some(({ all, none }) => all.length + none.length === 0)) return undefined;
  if (conditions.length === 1) return expressionOf(conditions[0]!);
  return conditions.map((one) => `(${expressionOf(one)})`).join(" || ");
}

const expressionOf = ({ all, none }: Condition): string => [...all.map(testOf), ...none.map(notAll)].join(" && ");

const notAll = (list: readonly Matcher[]): string => `!(${list.map(testOf).join(" && ")})`;

function testOf({ label, operator, value }: Matcher): string {
  const text = labelOf(label);
  switch (operator) {
    case "=":
    case "!=":
      return `${text} ${operator === "=" ? "==" : "!="} ${JSON.stringify(value)}`;
    case "=~":
    case "!~":
      return `${operator === "=~" ? "" : "!"}re(${text}, ${JSON.stringify(`^(?:${value})$`)})`;
  }
}

/** Words that have a meaning in CEL, so that `labels.in` is a mistake. */
const reserved = new Set(
  "as break const continue else false for function if import in let loop namespace null package return true var void while".split(
    " ",
  ),
);

const labelOf = (name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) && !reserved.has(name) ? `labels.${name}` : `labels[${JSON.stringify(name)}]`;
