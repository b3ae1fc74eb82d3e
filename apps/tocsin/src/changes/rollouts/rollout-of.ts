import { autoscalers } from "./field-owner.ts";
import type { KnownWorkload } from "./known-workload.ts";
import type { SeenWorkload } from "./seen-workload.ts";
import type { TemplateDigest } from "./template-digest.ts";

/** A decision about one workload. `id` identifies the change within the workload; it comes from the object, never from a clock. */
export type RolloutDecision =
  | { readonly kind: "created"; readonly id: string }
  /**
   * Another template is rolled out. `isBack`: it has the images of an earlier one. `scaledFrom`: a person changed the number of
   * replicas too; this was the number before.
   */
  | { readonly kind: "begin"; readonly id: string; readonly isBack: boolean; readonly scaledFrom?: number }
  /** `kubectl rollout restart`: the same template, only with a new time. */
  | { readonly kind: "restart"; readonly id: string; readonly scaledFrom?: number }
  | { readonly kind: "complete" }
  /** `reason` is a predicate, such as `was replaced by another one`. */
  | { readonly kind: "failed"; readonly reason: string }
  /** A person changed the number of replicas. `manager` is the program with which that was done, if the server says so. */
  | {
      readonly kind: "scale";
      readonly id: string;
      readonly from: number;
      readonly to: number;
      readonly manager: string | undefined;
    }
  | { readonly kind: "deleted"; readonly id: string };

/** The times of managers are whole seconds: within this time, two writes of one manager may have the same time. */
const sameSecondMs = 3_000;

const replacedReason = "was replaced by another one";
const deletedReason = "ended with the deletion of the workload";
const restoredReason = "ended when the cluster was restored to an older state";

/**
 * Decides which changes follow from a new version of a workload, in their order. Nothing follows from autoscaling, pausing,
 * resuming, lost pods and status updates.
 *
 * ```
 *             another template                    status: all pods are new and ready
 *   (settled) ────────────────▶ begin, restart ───────────────────────────────────────▶ complete
 *   (absent)  ────────────────▶ created        ───────────────────────────────────────▶ failed
 *                               │      status, own deadline, replaced, deleted
 * ```
 *
 * @param before undefined: the workload is not known
 * @param isFirst true in the first list of a namespace: everything in it was there before, and only a rollout in progress counts
 * @param nowMs wall clock, ms since epoch
 */
export function rolloutOf(
  before: KnownWorkload | undefined,
  after: SeenWorkload,
  { isFirst, nowMs }: { readonly isFirst: boolean; readonly nowMs: number },
): readonly RolloutDecision[] {
  if (after.isDeleting) return [];
  if (before === undefined) return atFirstSight(after, isFirst);
  // The cluster was restored from a backup: only a rollout that ran can have ended by that.
  if (after.generation < before.generation) return before.running ? [{ kind: "failed", reason: restoredReason }] : [];
  const begun = begins(before, after, nowMs);
  if (begun === undefined) return [...scaling(before, after, nowMs), ...(before.running ? endOf(after) : [])];
  const replaced = before.running ? [{ kind: "failed", reason: replacedReason } as const] : [];
  return [...replaced, begun, ...endOf(after)];
}

/** A workload is gone. */
export const deletionOf = (before: KnownWorkload): readonly RolloutDecision[] => [
  ...(before.running ? [{ kind: "failed", reason: deletedReason } as const] : []),
  { kind: "deleted", id: `${before.uid}/deleted` },
];

/** The rollout of a StatefulSet or DaemonSet has made no step for too long. The API says so itself for Deployments. */
export function isStalled({ kind, running }: KnownWorkload, nowMs: number, deadlineMs: number): boolean {
  return kind !== "Deployment" && running !== undefined && nowMs - running.progressAtMs >= deadlineMs;
}

/** The specification has another template, but the controller of the Deployment does not roll it out yet, or is paused. */
export const isPending = (before: KnownWorkload, after: SeenWorkload): boolean =>
  before.template.hash !== after.template.hash && begins(before, after, 0) === undefined;

/** All images of a template, as one text. */
export const imagesOf = ({ containers }: TemplateDigest): string =>
  Object.entries(containers)
    .map(([name, { image }]) => `${name}=${image}`)
    .toSorted()
    .join(" ");

function atFirstSight(after: SeenWorkload, isFirst: boolean): readonly RolloutDecision[] {
  if (!isFirst) return [{ kind: "created", id: `${after.uid}/created` }, ...endOf(after)];
  return after.isRollingOut ? [{ kind: "begin", id: idOf(after), isBack: false }, ...endOf(after)] : [];
}

function begins(before: KnownWorkload, after: SeenWorkload, nowMs: number): RolloutDecision | undefined {
  if (before.template.hash === after.template.hash) return undefined;
  if (after.kind === "Deployment" && after.revision === before.revision) {
    // The controller counts the revision before it says that it has seen the template. It rolls out nothing while it is paused.
    if (after.isPaused || after.progress.verdict === "unknown") return undefined;
  }
  const id = after.revision === before.revision ? `${after.uid}/generation-${after.generation}` : idOf(after);
  const [scale] = scaling(before, { ...after, template: before.template }, nowMs);
  const scaled = scale?.kind === "scale" ? { scaledFrom: scale.from } : {};
  if (isRestart(before.template, after.template)) return { kind: "restart", id, ...scaled };
  const images = imagesOf(after.template);
  const isBack = images !== imagesOf(before.template) && before.formerImages.includes(images);
  return { kind: "begin", id, isBack, ...scaled };
}

const idOf = ({ uid, revision, generation }: SeenWorkload): string =>
  revision === "" ? `${uid}/generation-${generation}` : `${uid}/revision-${revision}`;

/** Only the time of the restart differs. */
function isRestart(before: TemplateDigest, after: TemplateDigest): boolean {
  if (before.restartedAt === after.restartedAt || after.restartedAt === undefined) return false;
  return restOf(before) === restOf(after);
}

const restOf = ({ containers, configMaps, secrets, rest }: TemplateDigest): string =>
  JSON.stringify([containers, configMaps, secrets, rest]);

function scaling(before: KnownWorkload, after: SeenWorkload, nowMs: number): readonly RolloutDecision[] {
  const { replicas: to, replicasOwner: owner, template, isPaused } = after;
  const { replicas: from } = before;
  if (from === undefined || to === undefined || from === to) return [];
  // One edit may change both; then the rollout mentions the replicas when it begins.
  if (before.template.hash !== template.hash && !isPaused) return [];
  if (owner === undefined) return [];
  const { manager, atMs } = owner;
  const isSame = manager === before.replicasOwner?.manager && atMs === before.replicasOwner?.atMs;
  // Kubernetes before 1.21 does not record who scales by the subresource `scale`, so the owner is an earlier one.
  const isUntracked = isSame && (atMs === undefined || nowMs - atMs > sameSecondMs);
  if (!isUntracked && autoscalers.includes(manager ?? "")) return [];
  const when = isSame || atMs === undefined ? `generation-${after.generation}` : new Date(atMs).toISOString();
  const id = `${after.uid}/scale-${when}-${to}`;
  return [{ kind: "scale", id, from, to, manager: isUntracked ? undefined : manager }];
}

function endOf({ progress: { verdict } }: SeenWorkload): readonly RolloutDecision[] {
  if (verdict === "complete") return [{ kind: "complete" }];
  return verdict === "failed" ? [{ kind: "failed", reason: "failed because its progress deadline is exceeded" }] : [];
}
