import type { Change } from "../changes/change.ts";
import { alertOfChange } from "../changes/change-alert.ts";
import type { Target } from "../targets/target.ts";
import { type Decision, route } from "./route.ts";

/**
 * Decides for each target whether it receives a change. Pure and total.
 *
 * @param only names of the targets that receive it whatever their filters say; `enabled`, `mode` and `changes` of a target
 *   still apply. Undefined: filters decide
 */
export function routeChange(change: Change, targets: readonly Target[], only?: readonly string[]): Decision[] {
  const alert = alertOfChange(change);
  if (only === undefined) return route(alert, targets);
  return targets.flatMap((target) =>
    only.includes(target.name)
      ? route(alert, [{ ...target, filters: [] }])
      : [{ target: target.name, send: false as const, reason: "filtered" as const, detail: notNamed }],
  );
}

const notNamed = "the change names its targets, and this is none of them";
