import type { Issue, Target, TargetStatus } from "@tocsin/core";
import type { TargetDefinition } from "./target-definition.ts";

/** One definition of a target as it was found, valid or not. */
export interface ResolvedTarget {
  /** Unique. The name that it states (for a Secret `namespace/name`), or its place if it states none or another owns the name. */
  readonly name: string;
  /**
   * It is valid, or says `enabled: false`, or its last valid version is in use. Any other definition never stands in the
   * way of one that states the same name.
   */
  readonly ownsName: boolean;
  readonly source: string;
  /** Where it was written. */
  readonly place: string;
  readonly definition: TargetDefinition;
  /** Of Kubernetes. */
  readonly namespace?: string;
  readonly errors: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** Its latest version is valid, but must not be used: it is this service itself, or `discovery.policy` does not allow it. */
  readonly refused?: "self_target" | "policy";
  /** What is in force. */
  readonly target: Target | undefined;
  /** How that follows from what was written: as it is; or the last valid version; or without its fallback, which is wrong. */
  readonly inForce: "as_written" | "last_valid" | "without_fallback" | "nothing";
  /** The target that stands in for it, by its full name. */
  readonly fallback?: string;
}

export type TargetState = "ready" | "degraded" | "invalid" | "disabled" | "shadow" | "unauthorized" | "misconfigured";

/** `blocked`: what its receiver said last. */
export function stateOf({ errors, target }: ResolvedTarget, blocked?: TargetStatus["blocked"]): TargetState {
  if (errors.length > 0 || target === undefined) return "invalid";
  if (!target.enabled) return "disabled";
  if (target.mode === "shadow") return "shadow";
  return blocked?.state ?? (target.degraded ? "degraded" : "ready");
}
