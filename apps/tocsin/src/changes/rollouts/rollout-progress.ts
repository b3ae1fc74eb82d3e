import type { Workload, WorkloadKind } from "./workload.ts";

/** How far the controller has brought a workload to its template. */
export interface RolloutProgress {
  /** `unknown`: the controller has not seen the current specification, so its status is about an older one. */
  readonly verdict: "unknown" | "running" | "complete" | "failed";
  /** Grows while pods are replaced and become ready. */
  readonly steps: number;
}

/**
 * Reads the progress of a rollout from the status.
 *
 * - A Deployment's conditions say how its rollout ends.
 * - The API never says that the rollout of a StatefulSet or DaemonSet failed; `steps` shows when it stands still.
 */
export function rolloutProgress(kind: WorkloadKind, workload: Workload): RolloutProgress {
  const { metadata = {}, status = {} } = workload;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return { verdict: "unknown", steps: 0 };
  if (kind === "Deployment") return deploymentProgress(workload);
  return kind === "StatefulSet" ? statefulSetProgress(workload) : daemonSetProgress(workload);
}

function deploymentProgress({ spec = {}, status = {} }: Workload): RolloutProgress {
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0, conditions = [] } = status;
  const progressing = conditions.find(({ type }) => type === "Progressing");
  const steps = updatedReplicas + availableReplicas;
  if (progressing?.reason === "ProgressDeadlineExceeded") return { verdict: "failed", steps };
  const wanted = spec.replicas ?? 1;
  const isThere = updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted;
  // Without a progress deadline there is no condition.
  const isSaid = progressing === undefined || progressing.reason === "NewReplicaSetAvailable";
  return { verdict: isThere && isSaid ? "complete" : "running", steps };
}

function statefulSetProgress({ spec = {}, status = {} }: Workload): RolloutProgress {
  const { updatedReplicas = 0, readyReplicas = 0, currentRevision, updateRevision } = status;
  const steps = updatedReplicas + readyReplicas;
  if (isOnDelete(spec)) return { verdict: "complete", steps };
  const wanted = spec.replicas ?? 1;
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  // Pods below the partition keep the old revision on purpose, so the revisions stay different.
  const isUpdated = partition > 0 || currentRevision === updateRevision;
  const isThere = updatedReplicas >= Math.max(0, wanted - partition) && readyReplicas === wanted;
  return { verdict: isUpdated && isThere ? "complete" : "running", steps };
}

function daemonSetProgress({ spec = {}, status = {} }: Workload): RolloutProgress {
  const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberAvailable = 0 } = status;
  const steps = updatedNumberScheduled + numberAvailable;
  if (isOnDelete(spec)) return { verdict: "complete", steps };
  const isThere = updatedNumberScheduled === desiredNumberScheduled && numberAvailable === desiredNumberScheduled;
  return { verdict: isThere ? "complete" : "running", steps };
}

/** Pods are replaced only when a person deletes them: the change of the template is complete at once. */
const isOnDelete = ({ updateStrategy }: NonNullable<Workload["spec"]>): boolean => updateStrategy?.type === "OnDelete";
