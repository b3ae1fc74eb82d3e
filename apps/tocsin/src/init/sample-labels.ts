import type { Matcher } from "@tocsin/core";
import { matcherText } from "./matcher-of.ts";
import { allRoutes, type RouteNode } from "./read-alertmanager-file.ts";
import type { LabelSet } from "./routes-of.ts";
import { samplePattern } from "./sample-pattern.ts";

export interface Samples {
  readonly labelSets: readonly LabelSet[];
  /** Matchers for which no matching text was found, so that routes behind them were not tried. */
  readonly untried: readonly string[];
}

/** Below this number all combinations are tried, otherwise those around each route and pairs of its labels. */
const mostCombinations = 4_000;
const mostSets = 12_000;

/**
 * Alerts that reach each side of each matcher of a tree: labels with the values of the matchers, values beside them, and no value.
 * Each set has a severity.
 */
export function sampleLabels(root: RouteNode): Samples {
  const routes = allRoutes(root);
  const byLabel = Map.groupBy(
    routes.flatMap(({ matchers }) => matchers),
    ({ label }) => label,
  );
  const untried = new Set<string>();
  const values = new Map(
    [...byLabel].map(([label, matchers]) => [label, valuesFor(label, matchers, (text) => untried.add(text))] as const),
  );
  if (!values.has("severity")) values.set("severity", ["critical"]);
  const combinations = [...values.values()].reduce((count, some) => count * some.length, 1);
  const sets = combinations <= mostCombinations ? product(values) : around(root, values);
  return { labelSets: [...sets].map(withoutEmpty), untried: [...untried] };
}

function valuesFor(label: string, matchers: readonly Matcher[], untried: (text: string) => void): string[] {
  const values = new Set<string>([""]);
  for (const matcher of matchers) {
    const isPattern = matcher.operator.endsWith("~");
    const found = isPattern ? samplePattern(matcher.value) : [matcher.value];
    if (found.length === 0) untried(matcherText(matcher));
    for (const value of found) values.add(value);
    // Beside the first value: a pattern that is not anchored would match this too.
    if (isPattern && found[0]) values.add(`${found[0]}-beside`);
  }
  values.add(`other-${label}`);
  if (label === "severity") values.add("critical").add("warning");
  return [...values];
}

type Values = ReadonlyMap<string, readonly string[]>;

const product = (values: Values): LabelSet[] =>
  [...values].reduce<LabelSet[]>(
    (sets, [label, some]) => sets.flatMap((set) => some.map((value) => ({ ...set, [label]: value }))),
    [{}],
  );

/** For each route: labels that match it, then each label and each pair of labels with all other values, as long as there is room. */
function around(root: RouteNode, values: Values): Iterable<LabelSet> {
  const found = new Map<string, LabelSet>();
  const add = (set: LabelSet) => {
    if (found.size < mostSets) found.set(JSON.stringify(withoutEmpty(set)), set);
  };
  const bases: LabelSet[] = [];
  const visit = (route: RouteNode, above: readonly Matcher[]) => {
    const matchers = [...above, ...route.matchers];
    for (const severity of severitiesFor(values)) bases.push(baseFor(matchers, values, severity));
    for (const child of route.routes) visit(child, matchers);
  };
  visit(root, []);
  for (const base of bases) add(base);
  for (const base of bases)
    for (const [label, some] of values) for (const value of some) add({ ...base, [label]: value });
  // Pairs in turn for all routes, so that each route gets its share of the room.
  const labels = [...values.keys()];
  for (const [index, first] of labels.entries())
    for (const second of labels.slice(index + 1))
      for (const base of bases)
        for (const a of values.get(first)!)
          for (const b of values.get(second)!) {
            if (found.size >= mostSets) return found.values();
            add({ ...base, [first]: a, [second]: b });
          }
  return found.values();
}

const severitiesFor = (values: Values): string[] => [
  "critical",
  values.get("severity")!.find((value) => value !== "critical") ?? "",
];

/** One value per label that all matchers of it accept; no value if that is accepted too. */
function baseFor(matchers: readonly Matcher[], values: Values, severity: string): LabelSet {
  return Object.fromEntries(
    [...values].map(([label, some]) => {
      const own = matchers.filter((matcher) => matcher.label === label);
      const fits = (value: string) => own.every((matcher) => matcher.matches(value));
      const wished = label === "severity" ? [severity, ...some] : some;
      return [label, wished.find(fits) ?? ""];
    }),
  );
}

const withoutEmpty = (set: LabelSet): LabelSet =>
  Object.fromEntries(Object.entries(set).filter(([, value]) => value !== ""));
