import type { RouteNode } from "./read-alertmanager-file.ts";

export type LabelSet = Readonly<Record<string, string>>;

/**
 * The routes of Alertmanager that handle an alert, in the order of the tree: the first matching child handles it, and later ones
 * only after a child with `continue`. A route handles it itself if no child does. Empty: the route does not match.
 */
export function routesOf(node: RouteNode, labels: LabelSet): RouteNode[] {
  if (!node.matchers.every(({ label, matches }) => matches(labels[label] ?? ""))) return [];
  const handling: RouteNode[] = [];
  for (const child of node.routes) {
    const below = routesOf(child, labels);
    handling.push(...below);
    if (below.length > 0 && !child.continues) break;
  }
  return handling.length > 0 ? handling : [node];
}
