import type { Change } from "@tocsin/core";
import type { FieldOwner } from "./field-owner.ts";
import type { TemplateDigest } from "./template-digest.ts";
import type { WorkloadKind } from "./workload.ts";

/**
 * The state of one workload up to which its changes are known. The ledger keeps it, so that a restart finds what changed in the
 * meantime, and records nothing twice.
 */
export interface KnownWorkload {
  readonly uid: string;
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly revision: string;
  /** The template that was rolled out last, or is being rolled out. */
  readonly template: TemplateDigest;
  /** The specification has another template, which no controller rolls out yet. */
  readonly isPending?: boolean;
  readonly replicas?: number;
  /** The manager that had written `replicas` then. */
  readonly replicasOwner?: FieldOwner;
  /** Labels and the environment of its changes. */
  readonly labels: Readonly<Record<string, string>>;
  /** The images of earlier templates, newest first: a rollout that goes back to one of them is an undo. */
  readonly formerImages: readonly string[];
  readonly running?: RunningRollout;
  /** Changes that may not be in the ledger yet: they are recorded again after a crash. */
  readonly unrecorded?: readonly Change[];
}

/** A rollout that has not ended. */
export interface RunningRollout {
  readonly change: Change;
  readonly text: RolloutText;
  /** The most steps that it has made, and when it made the last one; wall clock, ms since epoch. */
  readonly steps: number;
  readonly progressAtMs: number;
}

/** The words of a rollout that stay the same while its state changes. */
export interface RolloutText {
  readonly kind: "rollout" | "restart" | "created";
  /** Such as `image web 1.2 → 1.3`; may be empty. */
  readonly difference: string;
}
