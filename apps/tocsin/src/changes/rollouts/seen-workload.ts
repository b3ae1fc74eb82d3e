import { type FieldOwner, ownerOf } from "./field-owner.ts";
import type { KnownWorkload } from "./known-workload.ts";
import { rolloutProgress, type RolloutProgress } from "./rollout-progress.ts";
import { type TemplateDigest, templateDigest } from "./template-digest.ts";
import type { Workload, WorkloadKind } from "./workload.ts";

/** One version of a workload, reduced to what decides about changes. It holds no value of an environment variable. */
export interface SeenWorkload {
  readonly uid: string;
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
  /** Grows with every change of the specification, also with scaling and pausing. */
  readonly generation: number;
  /**
   * The controller's own number of the rollout: the revision of a Deployment, the template generation of a DaemonSet. Empty:
   * there is none (yet).
   */
  readonly revision: string;
  readonly template: TemplateDigest;
  /** Undefined: the kind has none. */
  readonly replicas: number | undefined;
  readonly isPaused: boolean;
  readonly isDeleting: boolean;
  readonly progress: RolloutProgress;
  /** True: the controller of a Deployment says that a rollout is in progress. */
  readonly isRollingOut: boolean;
  readonly replicasOwner: FieldOwner | undefined;
  readonly templateOwner: FieldOwner | undefined;
  /** Wall clock of the API server, ms since epoch. */
  readonly createdAtMs: number | undefined;
  readonly deletedAtMs: number | undefined;
  /** Labels of the workload and of its pods; those of the workload count first. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The annotations in which the controllers count rollouts. */
const revisionAnnotations = {
  Deployment: "deployment.kubernetes.io/revision",
  DaemonSet: "deprecated.daemonset.template.generation",
} as const;

/** Reasons of the condition `Progressing` while pods are replaced. */
const rollingReasons = new Set(["NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"]);

/**
 * Reads a workload. Undefined: it has no identity, which no server sends. The template is not read again if `known` has read it
 * in the same generation, because most events only change the status.
 */
export function seenWorkload(
  kind: WorkloadKind,
  namespace: string,
  workload: Workload,
  known: (uid: string) => Pick<KnownWorkload, "generation" | "revision" | "template" | "isPending"> | undefined,
): SeenWorkload | undefined {
  const { metadata = {}, spec = {}, status = {} } = workload;
  const { uid, name, generation = 0, annotations } = metadata;
  if (uid === undefined || name === undefined) return undefined;
  const revision = (kind !== "StatefulSet" && annotations?.[revisionAnnotations[kind]]) || "";
  const before = known(uid);
  const isRead = before?.generation === generation && before.revision === revision && !before.isPending;
  const progressing = status.conditions?.find(({ type }) => type === "Progressing");
  return {
    uid,
    kind,
    namespace,
    name,
    generation,
    revision,
    template: isRead ? before.template : templateDigest(spec.template),
    replicas: kind === "DaemonSet" ? undefined : (spec.replicas ?? 1),
    isPaused: spec.paused === true,
    isDeleting: metadata.deletionTimestamp != null,
    progress: rolloutProgress(kind, workload),
    isRollingOut: kind === "Deployment" && rollingReasons.has(progressing?.reason ?? ""),
    replicasOwner: ownerOf(workload, "replicas"),
    templateOwner: ownerOf(workload, "template"),
    createdAtMs: instant(metadata.creationTimestamp),
    deletedAtMs: instant(metadata.deletionTimestamp),
    labels: { ...spec.template?.metadata?.labels, ...metadata.labels },
  };
}

function instant(text: string | null | undefined): number | undefined {
  const ms = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
