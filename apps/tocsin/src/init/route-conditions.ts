import type { Matcher } from "@tocsin/core";
import { type Condition, simplify } from "./condition.ts";
import type { RouteNode } from "./read-alertmanager-file.ts";

export interface RouteCondition {
  readonly route: RouteNode;
  /** Undefined: no alert can reach this route. */
  readonly condition: Condition | undefined;
  /** Its ancestors, itself included, with their index among their siblings. */
  readonly steps: readonly { readonly parent: RouteNode; readonly index: number }[];
}

/**
 * Which alerts each route handles itself, without the order of the tree: "the first match wins" becomes negated matchers of the
 * earlier siblings without `continue`, and of the children.
 */
export function routeConditions(root: RouteNode): RouteCondition[] {
  const found: RouteCondition[] = [];
  const visit = (
    route: RouteNode,
    all: readonly Matcher[],
    none: readonly (readonly Matcher[])[],
    steps: RouteCondition["steps"],
  ) => {
    const matching = [...all, ...route.matchers];
    const children = route.routes.map(({ matchers }) => matchers);
    found.push({ route, condition: simplify({ all: matching, none: [...none, ...children] }), steps });
    const earlier: (readonly Matcher[])[] = [];
    for (const [index, child] of route.routes.entries()) {
      visit(child, matching, [...none, ...earlier], [...steps, { parent: route, index }]);
      if (!child.continues) earlier.push(child.matchers);
    }
  };
  visit(root, [], [], []);
  return found;
}

/** Whether one alert can be handled by both routes: their ways part at a route that continues. */
export function canMeet(a: RouteCondition, b: RouteCondition): boolean {
  for (const [depth, { parent, index }] of a.steps.entries()) {
    const other = b.steps[depth];
    if (other === undefined) return false;
    if (other.index !== index) return parent.routes[Math.min(index, other.index)]!.continues;
  }
  return false;
}
