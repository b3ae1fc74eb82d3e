import type { Change } from "@tocsin/core";
import type { KnownWorkload, RunningRollout } from "./known-workload.ts";
import { begunRollout, deletion, endedRollout, scaling } from "./begun-rollout.ts";
import { deletionOf, imagesOf, isPending, rolloutOf } from "./rollout-of.ts";
import type { SeenWorkload } from "./seen-workload.ts";

/** Number of earlier sets of images that are kept to recognize an undo. */
const maxFormerImages = 10;

/** A longer set of images is not kept. */
const maxImagesLength = 1_000;

/** The state that follows from a new version of a workload, and the changes to record, each with its newest state. */
export interface Advance {
  /** Undefined: the workload is gone. */
  readonly known: KnownWorkload | undefined;
  readonly changes: readonly Change[];
  /**
   * Whether the new state is stored. Most versions change only the status (`no`). Autoscalers change replicas often, so these are
   * stored now and then (`later`).
   */
  readonly keep: "now" | "later" | "no";
}

/** Applies a new version of a workload to the state that is known. */
export function advance(
  before: KnownWorkload | undefined,
  after: SeenWorkload,
  { isFirst, nowMs }: { readonly isFirst: boolean; readonly nowMs: number },
): Advance {
  if (after.isDeleting) return { known: before, changes: [], keep: "no" };
  const changes = new Map<string, Change>();
  let { running } = before ?? {};
  if (running !== undefined && after.progress.steps > running.steps)
    running = { ...running, steps: after.progress.steps, progressAtMs: nowMs };
  for (const decision of rolloutOf(before, after, { isFirst, nowMs })) {
    let change: Change | undefined;
    if (decision.kind === "created" || decision.kind === "begin" || decision.kind === "restart") {
      const begun = begunRollout(decision, before, after, nowMs);
      running = { ...begun, steps: after.progress.steps, progressAtMs: nowMs };
      ({ change } = begun);
    } else if (decision.kind === "scale") change = scaling(decision, after, nowMs);
    else if (running !== undefined) {
      change = endedRollout(after, running, decision.kind === "failed" ? decision.reason : undefined);
      running = undefined;
    }
    if (change !== undefined) changes.set(change.id, change);
  }
  const known = knownAfter(before, after, running);
  return { known, changes: [...changes.values()], keep: changes.size > 0 ? "now" : keepOf(before, known) };
}

/** A workload is gone. `after` is its last version, if the server sent it. */
export function advanceToDeletion(
  before: KnownWorkload,
  { after, nowMs }: { readonly after?: SeenWorkload | undefined; readonly nowMs: number },
): Advance {
  const changes = deletionOf(before).flatMap((decision) => {
    if (decision.kind === "deleted") return [deletion(before, decision.id, after?.deletedAtMs, nowMs)];
    return before.running && decision.kind === "failed" ? [endedRollout(before, before.running, decision.reason)] : [];
  });
  return { known: undefined, changes, keep: "now" };
}

/** The rollout of a workload has stood still for too long. */
export function advanceToStall(before: KnownWorkload, reason: string): Advance {
  const { running, ...known } = before;
  return { known, changes: running ? [endedRollout(before, running, reason)] : [], keep: "now" };
}

function knownAfter(
  before: KnownWorkload | undefined,
  after: SeenWorkload,
  running: RunningRollout | undefined,
): KnownWorkload {
  const isWaiting = before !== undefined && after.generation >= before.generation && isPending(before, after);
  const { uid, kind, namespace, name, generation, labels } = after;
  // One edit may change template and replicas; the rollout mentions both when it begins.
  const { replicas, replicasOwner } = isWaiting && !after.isPaused ? before : after;
  return {
    uid,
    kind,
    namespace,
    name,
    generation,
    labels: labelsOf(labels),
    revision: isWaiting ? before.revision : after.revision,
    template: isWaiting ? before.template : after.template,
    ...(isWaiting && { isPending: true }),
    ...(replicas !== undefined && { replicas }),
    ...(replicasOwner !== undefined && { replicasOwner }),
    formerImages: isWaiting ? before.formerImages : formerImages(before, after),
    ...(running !== undefined && { running }),
  };
}

/** The labels that a change takes over; a workload may have many others. */
const usedLabels = ["app", "service", "app.kubernetes.io/name", "environment", "env"];

const labelsOf = (labels: SeenWorkload["labels"]): Record<string, string> =>
  Object.fromEntries(usedLabels.flatMap((name) => (labels[name] ? [[name, labels[name]]] : [])));

function formerImages(before: KnownWorkload | undefined, after: SeenWorkload): readonly string[] {
  if (before === undefined) return [];
  const [former, current] = [imagesOf(before.template), imagesOf(after.template)];
  if (former === current || former.length > maxImagesLength) return before.formerImages;
  return [former, ...before.formerImages.filter((images) => images !== former)].slice(0, maxFormerImages);
}

function keepOf(before: KnownWorkload | undefined, after: KnownWorkload): Advance["keep"] {
  const isNew =
    before === undefined ||
    before.template.hash !== after.template.hash ||
    before.revision !== after.revision ||
    before.isPending !== after.isPending ||
    JSON.stringify(before.labels) !== JSON.stringify(after.labels);
  if (isNew) return "now";
  return before.replicas === after.replicas ? "no" : "later";
}
