import { duration } from "@tocsin/core";
import { z } from "zod";
import { namespaceName } from "../../kubernetes/namespace-name.ts";
import { workloadKinds } from "./workload.ts";

/** The block `changes.kubernetes`: rollouts of workloads as changes. */
export const rolloutSettings = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("Records rollouts of workloads as changes: see [Kubernetes rollouts](changes.md#kubernetes-rollouts)."),
    namespaces: z
      .array(namespaceName)
      .refine((names) => new Set(names).size === names.length, "names a namespace twice")
      .default([])
      .describe("Namespaces of the workloads. Each needs a Role with get, list and watch on the `kinds`."),
    kinds: z
      .array(z.enum(workloadKinds))
      .min(1, "expected at least one kind")
      .refine((kinds) => new Set(kinds).size === kinds.length, "names a kind twice")
      .default([...workloadKinds])
      .describe("Kinds of workloads that are watched."),
    labelSelector: z.string().default("").describe("Label selector of the workloads. Default: all of the namespaces."),
    kubeconfig: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("Path of a kubeconfig. Default: `KUBECONFIG`, else the pod's own account, else `~/.kube/config`."),
    progressDeadline: duration()
      .refine((ms) => ms >= 10_000, "must not be shorter than 10s")
      .prefault("10m")
      .describe(
        "The rollout of a StatefulSet or DaemonSet has failed if no pod is replaced or becomes ready for this long. Deployments have `progressDeadlineSeconds` of their own.",
      ),
  })
  .superRefine(({ enabled, namespaces }, context) => {
    if (enabled && namespaces.length === 0)
      context.addIssue({ code: "custom", path: ["namespaces"], message: "expected at least one namespace" });
  })
  .prefault({});

export type RolloutSettings = z.output<typeof rolloutSettings>;
