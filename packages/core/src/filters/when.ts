import { type ASTNode, ParseError, type ParseResult, TypeError as CelTypeError } from "@marcbachmann/cel-js";
import type { Labels } from "../alerts/labels.ts";
import { type FilterBudget, tooCostly } from "./budget.ts";
import { memo } from "./memo.ts";
import { compilePattern } from "./pattern.ts";
import { boundedNames, charactersPerStep, whenEnvironment, stepsPerNode, useBudget } from "./when-environment.ts";

/** The variables that an expression can use. */
export interface WhenContext {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly alert_name: string;
  readonly severity: string;
}

export class InvalidWhen extends Error {
  override readonly name = "InvalidWhen";
}

/** In characters. */
const maxExpressionLength = 2_000;

/** How many compiled conditions to cache. */
const maxCachedExpressions = 10_000;

/**
 * Compiles a CEL expression (https://cel.dev) over `labels`, `annotations`, `alert_name` and `severity`.
 * If an alert has no label `tier`, then `labels.tier` is `""`, as in matchers; `has(labels.tier)` shows the difference.
 * `re(text, "pattern")` finds an RE2 pattern. CEL's own `matches` is refused, because in this library it would be a JavaScript
 * regular expression, which a label's value can stall for seconds.
 *
 * If an expression fails for an alert (such as `int(labels.x)` when `x` is a word), the alert passes: an extra page is better
 * than a lost one.
 *
 * @throws InvalidWhen with a message that names the mistake
 * @throws InvalidPattern for an invalid pattern in a `re`
 */
export const compileWhen = memo(maxCachedExpressions, compile);

export interface Condition {
  /** @throws tooCostly if the budget does not suffice */
  (context: WhenContext, budget?: FilterBudget): boolean;
  /** The expression reads the variable `severity`. */
  readonly readsSeverity: boolean;
}

function compile(expression: string): Condition {
  if (expression.length > maxExpressionLength) throw new InvalidWhen(`longer than ${maxExpressionLength} characters`);
  const written = understand(() => whenEnvironment.parse(expression));
  const { valid, type, error } = written.check();
  if (!valid) throw new InvalidWhen(error!.message.split("\n")[0]);
  if (type !== "bool") throw new InvalidWhen(`expected a condition, not a ${type}`);
  inspect(written.ast);
  const evaluate = whenEnvironment.parse(rewritten(expression, written.ast));
  // Targets often share a condition, and all of them are evaluated for one alert before the next.
  let last: WhenContext | undefined;
  let verdict = true;
  const visits = visitsOf(written.ast);
  const condition = (context: WhenContext, budget?: FilterBudget): boolean => {
    if (context === last) return verdict;
    budget?.take(stepsOf(visits, sizeOf(context)));
    verdict = judge(evaluate, context, budget, visits);
    last = context;
    return verdict;
  };
  return Object.assign(condition, { readsSeverity: readsSeverity(written.ast) });
}

const readsSeverity = (node: ASTNode): boolean =>
  (node.op === "id" && node.args === "severity") || children(node).some(readsSeverity);

function judge(evaluate: ParseResult, context: WhenContext, budget: FilterBudget | undefined, visits: Visits): boolean {
  useBudget(budget, visits.perEntry);
  try {
    return evaluate(context) as boolean;
  } catch (failure) {
    if (failure === tooCostly) throw failure;
    return true;
  } finally {
    useBudget(undefined, 0);
  }
}

/** Numbers of an expression's nodes: those visited once, and those inside a macro, visited for each entry of a map. */
interface Visits {
  readonly once: number;
  readonly perEntry: number;
}

function visitsOf(node: ASTNode, insideMacro = false): Visits {
  const isMacro = node.op === "rcall" && macros.has(node.args[0]);
  const inner = children(node).map((child) => visitsOf(child, insideMacro || isMacro));
  const sum = (of: (visits: Visits) => number) => inner.reduce((total, visits) => total + of(visits), 0);
  return {
    once: sum(({ once }) => once) + (insideMacro ? 0 : weightOf(node)),
    perEntry: sum(({ perEntry }) => perEntry) + (insideMacro ? weightOf(node) : 0),
  };
}

/** A call with a time zone takes as long as this many nodes: `timestamp(x).getHours("Asia/Tokyo")`. */
const nodesPerZone = 1_000;

const weightOf = (node: ASTNode): number =>
  node.op === "rcall" && /^get[A-Z]/.test(node.args[0]) && node.args[2].length > 0 ? nodesPerZone : 1;

interface Size {
  readonly entries: number;
  readonly characters: number;
}

/**
 * Upper bound: a node may read all text of the alert. A macro visits the entries of a map, or of a list, whose entries are nodes
 * too.
 */
const stepsOf = ({ once, perEntry }: Visits, { entries, characters }: Size): number =>
  (once + perEntry * Math.max(entries, once)) * (stepsPerNode + characters / charactersPerStep);

let sized: WhenContext | undefined;
let size: Size = { entries: 0, characters: 0 };

/** Size of an alert's text. Cached for one alert, because all targets evaluate one alert before the next. */
function sizeOf(context: WhenContext): Size {
  if (context === sized) return size;
  let [entries, characters] = [0, 0];
  for (const map of [context.labels, context.annotations]) {
    for (const name in map) {
      entries++;
      characters += name.length + (map[name] ?? "").length;
    }
  }
  sized = context;
  size = { entries, characters };
  return size;
}

function understand<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    // The library's message continues with the expression and a caret. The first line is enough, since the issue has a path.
    if (error instanceof ParseError || error instanceof CelTypeError)
      throw new InvalidWhen(error.message.split("\n")[0]);
    throw error;
  }
}

const macros = new Set(["all", "exists", "exists_one", "map", "filter", "bind"]);

/** Refuses constructs whose cost has no bound, and invalid patterns. */
function inspect(node: ASTNode, insideMacro = false): void {
  if (node.op === "call" && node.args[0] === "re") {
    const pattern = node.args[1][1]!;
    if (typeof pattern.args !== "string" || pattern.op !== "value") {
      throw new InvalidWhen("the pattern of re() must be a text, not an expression");
    }
    compilePattern(pattern.args, { whole: false });
  }
  if (node.op !== "rcall") return children(node).forEach((child) => inspect(child, insideMacro));
  const [name, receiver, args] = node.args;
  if (name === "matches") throw new InvalidWhen('use re(text, "pattern") instead of matches');
  if (macros.has(name) && insideMacro) throw new InvalidWhen(`${name}() inside another macro is not allowed`);
  inspect(receiver, insideMacro);
  for (const arg of args) inspect(arg, insideMacro || macros.has(name));
}

/**
 * Rewrites `labels.x` and `labels["x"]`, except inside `has()`, so that a missing label is an empty text. Also replaces functions
 * by their bounded forms.
 */
function rewritten(expression: string, ast: ASTNode): string {
  let text = expression;
  // From the end to the start, so that the positions of earlier edits stay valid.
  for (const { start, end, put } of edits(ast).toSorted((a, b) => b.start - a.start)) {
    text = text.slice(0, start) + put + text.slice(end);
  }
  return text;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly put: string;
}

function edits(node: ASTNode): Edit[] {
  if (node.op === "call" && node.args[0] === "has") return [];
  const inner = [...children(node).flatMap(edits), ...boundedName(node)];
  if (node.op !== "." && node.op !== "[]") return inner;
  const [map, key] = node.args;
  if (map.op !== "id" || !["labels", "annotations"].includes(map.args)) return inner;
  const between = node.input.slice(map.end, typeof key === "string" ? node.end : key.start);
  const rest = typeof key === "string" ? "" : node.input.slice(key.end, node.end);
  // The library's ranges leave out parentheses, so an edit inside parentheses would unbalance them.
  if ((between + rest).includes("(") || (between + rest).includes(")")) {
    throw new InvalidWhen(`write ${map.args}["name"] without further parentheses`);
  }
  if (typeof key === "string") {
    return [{ start: node.start, end: node.end, put: `valueOr(${map.args}, ${JSON.stringify(key)})` }];
  }
  return [
    { start: node.start, end: key.start, put: `valueOr(${map.args}, ` },
    ...inner,
    { start: key.end, end: node.end, put: ")" },
  ];
}

function boundedName(node: ASTNode): Edit[] {
  if (node.op !== "call" && node.op !== "rcall") return [];
  const [name] = node.args;
  const put = boundedNames.get(name);
  if (put === undefined) return [];
  // The library's range leaves out the parentheses around the receiver of the call.
  const from = node.op === "rcall" ? node.args[1].end : node.start;
  const start = node.input.indexOf(name, from);
  return [{ start, end: start + name.length, put }];
}

function children(node: ASTNode): ASTNode[] {
  const args = Array.isArray(node.args) ? (node.args as readonly unknown[]).flat(2) : [node.args];
  return args.filter((arg): arg is ASTNode => typeof arg === "object" && arg !== null && "op" in arg);
}
