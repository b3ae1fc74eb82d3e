import type { Ledger } from "@tocsin/core";
import type { TargetRegistry } from "../targets/registry.ts";
import { type AcceptChanges, acceptChanges, type ChangeIntake } from "./accept-changes.ts";
import { type RelatedChanges, relatedChanges } from "./related-changes.ts";
import { Rollouts, type RolloutsOptions } from "./rollouts/rollouts.ts";

export interface OpenChangesOptions
  extends Omit<ChangeIntake, "routesOfChange">, Omit<RolloutsOptions, "acceptChanges" | "metrics"> {
  readonly ledger: ChangeIntake["ledger"] & RolloutsOptions["ledger"] & Pick<Ledger, "relatedChanges">;
  readonly clock: ChangeIntake["clock"] & RolloutsOptions["clock"];
  readonly metrics: ChangeIntake["metrics"] & RolloutsOptions["metrics"];
  readonly targets: Pick<TargetRegistry, "routesOfChange">;
  /** Labels that must be equal in a change and an alert. Called for each query, because a reload may change them. */
  readonly matchLabels: () => readonly string[];
}

/** The intake of changes, the search for related ones, and the watch of rollouts, which is not started yet. */
export interface Changes {
  readonly accept: AcceptChanges;
  readonly related: RelatedChanges;
  readonly rollouts: Rollouts;
}

/** Opens the parts that handle changes. */
export function openChanges(o: OpenChangesOptions): Changes {
  const accept = acceptChanges({ ...o, routesOfChange: (change, only) => o.targets.routesOfChange(change, only) });
  return {
    accept,
    related: relatedChanges(o.ledger, o.matchLabels),
    rollouts: new Rollouts({ ...o, acceptChanges: accept }),
  };
}
