import { Environment, evaluate as evaluateCel } from "@marcbachmann/cel-js";
import type { Labels } from "../alerts/labels.ts";
import type { FilterBudget } from "./budget.ts";
import { compilePattern } from "./pattern.ts";

/** Evaluating a node takes about 100 ns. String functions take about 1 ns for a few characters. */
export const stepsPerNode = 10;
export const charactersPerStep = 64;

/** CEL with our variables, functions and limits. Macros are the only loops of an expression, and they must not be nested. */
export const whenEnvironment = new Environment({
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

/** CEL functions whose cost can exceed the size of the alert, and our bounded functions that replace them. */
export const boundedNames: ReadonlyMap<string, string> = new Map([
  ["split", "boundedSplit"],
  ["lastIndexOf", "boundedLastIndexOf"],
  ["json", "boundedJson"],
  ["duration", "boundedDuration"],
]);

/**
 * Budget of the current evaluation. A variable, because CEL passes functions only their arguments; safe, because an evaluation
 * never awaits.
 */
let budgetInUse: FilterBudget | undefined;
/** Nodes that a macro of the expression evaluates per item. */
let nodesPerItem = 0;

/** Sets the budget that the functions of the next evaluation charge. */
export function useBudget(budget: FilterBudget | undefined, perItem: number): void {
  budgetInUse = budget;
  nodesPerItem = perItem;
}

/** Charges a list of this many items. @throws tooCostly, also if macros would visit the list for too long */
function takeItems(items: number): void {
  budgetInUse?.take(items * (1 + nodesPerItem) * stepsPerNode);
}

function boundedSplit(text: string, separator: string, limit?: bigint): string[] {
  const parts = text.split(separator);
  takeItems(parts.length);
  const max = limit === undefined ? -1 : Number(limit);
  if (max === 0) return [];
  if (max < 0 || parts.length <= max) return parts;
  return [...parts.slice(0, max - 1), parts.slice(max - 1).join(separator)];
}

/** A search from the end may compare each character of one text with each of the other. */
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

/** Longer than any real duration. The library needs minutes to parse some durations of 4,000 digits. */
const maxDurationLength = 64;

function boundedDuration(text: string): unknown {
  if (text.length > maxDurationLength) throw new RangeError("longer than any duration");
  return evaluateCel("duration(text)", { text });
}
