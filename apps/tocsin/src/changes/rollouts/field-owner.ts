import type { ManagedFields, Workload } from "./workload.ts";

/**
 * Field managers that scale by themselves. A field manager is the first part of a client's user agent, unless the client sets it.
 *
 * - `kube-controller-manager`: the HorizontalPodAutoscaler, which KEDA uses too
 *   (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/)
 * - `keda`, `keda-operator`: KEDA scales from and to zero itself (https://keda.sh/docs/latest/concepts/scaling-deployments/)
 * - `autoscaler`: Knative (https://knative.dev/docs/serving/autoscaling/)
 * - `cluster-proportional-autoscaler` (https://github.com/kubernetes-sigs/cluster-proportional-autoscaler)
 * - `kube-downscaler`, `py-kube-downscaler` (https://codeberg.org/hjacobs/kube-downscaler)
 */
export const autoscalers = [
  "kube-controller-manager",
  "horizontal-pod-autoscaler",
  "keda",
  "keda-operator",
  "autoscaler",
  "cluster-proportional-autoscaler",
  "kube-downscaler",
  "py-kube-downscaler",
];

/** The last writer of a field, and the time. */
export interface FieldOwner {
  /** Absent: the field belongs to no manager, such as a default of the server. */
  readonly manager?: string;
  /** Wall clock of the API server, ms since epoch, whole seconds. */
  readonly atMs?: number;
}

/**
 * Returns the manager that last wrote a field of `spec`. Several managers may own a field together; the latest one counts.
 * Undefined: the server reported no managers at all, so nothing can be known.
 */
export function ownerOf({ metadata }: Workload, field: "replicas" | "template"): FieldOwner | undefined {
  const all = metadata?.managedFields ?? [];
  if (all.length === 0) return undefined;
  const owners = all.filter((one) => ownsField(one, field)).toSorted((a, b) => timeOf(b) - timeOf(a));
  const [last] = owners;
  if (last === undefined) return {};
  const atMs = timeOf(last);
  return { ...(last.manager !== undefined && { manager: last.manager }), ...(atMs > 0 && { atMs }) };
}

const ownsField = ({ fieldsV1 }: ManagedFields, field: string): boolean => {
  const spec = fieldsV1?.["f:spec"];
  return typeof spec === "object" && spec !== null && Object.hasOwn(spec, `f:${field}`);
};

const timeOf = ({ time }: ManagedFields): number => (time === undefined ? 0 : Date.parse(time) || 0);
