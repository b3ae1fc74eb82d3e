import type { Issue, Target, TargetStatus } from "@tocsin/core";
import type { TargetDefinition } from "./target-definition.ts";

/** One definition of a target and its result, valid or not. */
export interface ResolvedTarget {
  /**
   * The unique name: the stated name (for a Secret `namespace/name`), or the place if it states none or another definition owns
   * the name.
   */
  readonly name: string;
  /**
   * True if it is valid, or says `enabled: false`, or its last valid version is in use. Any other definition never blocks one
   * that states the same name.
   */
  readonly ownsName: boolean;
  readonly source: string;
  /** The place where it was written. */
  readonly place: string;
  readonly definition: TargetDefinition;
  /** The Kubernetes namespace. */
  readonly namespace?: string;
  readonly errors: readonly Issue[];
  readonly warnings: readonly Issue[];
  /**
   * Set if its latest version is valid but must not be used: it is this service itself, or `discovery.policy` does not allow
   * it.
   */
  readonly refused?: "self_target" | "policy";
  /** The version in use. */
  readonly target: Target | undefined;
  /** How the version in use relates to the definition: as written, the last valid version, or without its invalid fallback. */
  readonly inForce: "as_written" | "last_valid" | "without_fallback" | "nothing";
  /** Full name of the fallback target. */
  readonly fallback?: string;
  /** The receiver must confirm an accepted critical within this time. Absent: it need not, or cannot. */
  readonly confirmWithinMs?: number;
}

/** States of a target. The list is closed, because it is a metric label. */
export const targetStates = [
  "ready",
  "degraded",
  "invalid",
  "disabled",
  "shadow",
  "unauthorized",
  "misconfigured",
  "failing",
  "paused",
] as const;
export type TargetState = (typeof targetStates)[number];

/** `status`: how the ledger holds the target back. Absent: the state as its definition alone makes it. */
export function stateOf(
  { errors, target }: ResolvedTarget,
  status?: Pick<TargetStatus, "blocked" | "breaker" | "limiter">,
): TargetState {
  if (errors.length > 0 || target === undefined) return "invalid";
  if (!target.enabled) return "disabled";
  if (target.mode === "shadow") return "shadow";
  if (status?.blocked) return status.blocked.state;
  if (status && status.breaker.state !== "closed") return "failing";
  if (status && status.limiter.pausedUntilMs !== null) return "paused";
  return target.degraded ? "degraded" : "ready";
}
