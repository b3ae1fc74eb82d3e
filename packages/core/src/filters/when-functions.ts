import { Environment, evaluate as evaluateCel } from "@marcbachmann/cel-js";
import type { Labels } from "../alerts/alert.ts";
import type { FilterBudget } from "./budget.ts";
import { compilePattern } from "./pattern.ts";

/** A node takes about 100 nanoseconds, and its string functions one nanosecond for a few characters. */
export const stepsPerNode = 10;
export const charactersPerStep = 64;

/** The limits of the language; an expression has no loop but the macros, and those may not be nested. */
export const environment = new Environment({
  limits: { maxAstNodes: 500, maxDepth: 32, maxListElements: 200, maxMapEntries: 100, maxCallArguments: 8 },
})
  .registerVariable("labels", "map<string, string>")
  .registerVariable("annotations", "map<string, string>")
  .registerVariable("alert_name", "string")
  .registerVariable("severity", "string")
  .registerFunction("valueOr(map<string, string>, string): string", (map: Labels, key: string) =>
    Object.hasOwn(map, key) ? map[key] : "",
  )
  .registerFunction("re(string, string): bool", (text: string, pattern: string) =>
    compilePattern(pattern, { whole: false })(text, budgetInUse),
  )
  .registerFunction("string.boundedSplit(string): list<string>", boundedSplit)
  .registerFunction("string.boundedSplit(string, int): list<string>", boundedSplit)
  .registerFunction("string.boundedLastIndexOf(string): int", boundedLastIndexOf)
  .registerFunction("string.boundedLastIndexOf(string, int): int", boundedLastIndexOf)
  .registerFunction("bytes.boundedJson(): map", boundedJson)
  .registerFunction("boundedDuration(string): google.protobuf.Duration", boundedDuration);

/** Functions of the language whose work does not follow from the size of the alert, and ours in their place. */
export const boundedNames: ReadonlyMap<string, string> = new Map([
  ["split", "boundedSplit"],
  ["lastIndexOf", "boundedLastIndexOf"],
  ["json", "boundedJson"],
  ["duration", "boundedDuration"],
]);

/** Functions of the language get no more than their arguments, and an evaluation never awaits. */
let budgetInUse: FilterBudget | undefined;
/** Nodes that a macro of the expression evaluates per item. */
let nodesPerItem = 0;

/** What the functions of the next evaluation take their steps from. */
export function useBudget(budget: FilterBudget | undefined, perItem: number): void {
  budgetInUse = budget;
  nodesPerItem = perItem;
}

/** @throws tooCostly, also for a list that macros would visit for too long */
function takeItems(items: number): void {
  budgetInUse?.take(items * (1 + nodesPerItem) * stepsPerNode);
}

function boundedSplit(text: string, separator: string, limit?: bigint): string[] {
  const parts = text.split(separator);
  takeItems(parts.length);
  const most = limit === undefined ? -1 : Number(limit);
  if (most === 0) return [];
  if (most < 0 || parts.length <= most) return parts;
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

/** The search from the end compares each character of one text with each of the other. */
function boundedLastIndexOf(text: string, part: string, from?: bigint): bigint {
  if (from === undefined) {
    budgetInUse?.take((text.length * part.length) / charactersPerStep);
    return BigInt(text.lastIndexOf(part));
  }
  if (part === "") return from;
  if (from < 0n || from >= text.length) throw new RangeError("the position is not in the text");
  budgetInUse?.take((text.length * part.length) / charactersPerStep);
  return BigInt(text.lastIndexOf(part, Number(from)));
}

function boundedJson(bytes: Uint8Array): Record<string, unknown> {
  takeItems(bytes.length);
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

/** No duration that anybody writes is longer, and the language takes minutes to read some of 4,000 digits. */
const maxDurationLength = 64;

function boundedDuration(text: string): unknown {
  if (text.length > maxDurationLength) throw new RangeError("longer than any duration");
  return evaluateCel("duration(text)", { text });
}
