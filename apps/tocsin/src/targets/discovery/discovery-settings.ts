import { duration } from "@tocsin/core";
import { z } from "zod";
import { namespaceName } from "../../kubernetes/namespace-name.ts";
import { targetPolicy } from "./policy.ts";

const kubernetes = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Finds targets in Secrets: see [Kubernetes](kubernetes.md)."),
    namespaces: z
      .array(namespaceName)
      .min(1, "expected at least one namespace")
      .refine((names) => new Set(names).size === names.length, "names a namespace twice")
      .default(["tocsin"])
      .describe("Namespaces of the Secrets. Each needs a Role with get, list and watch on Secrets."),
    labelSelector: z
      .string()
      .min(1, "must not be empty: it would read every Secret")
      .default("publishing-target=true")
      .describe("Label selector of the Secrets that are targets."),
    kubeconfig: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("Path of a kubeconfig. Default: `KUBECONFIG`, else the pod's own account, else `~/.kube/config`."),
    resync: duration()
      .refine((ms) => ms >= 10_000, "must not be shorter than 10s")
      .prefault("10m")
      .describe("All Secrets are listed again at this interval, even if the watch reports no change."),
    fallbackAcrossNamespaces: z
      .boolean()
      .default(false)
      .describe("Allows a fallback in another namespace; that namespace's team is paged then."),
  })
  .prefault({});

/** The block `discovery` of `tocsin.yaml`: places of targets besides the key `targets`. */
export const discoverySettings = z
  .strictObject({
    files: z
      .array(z.string().min(1))
      .refine((paths) => new Set(paths).size === paths.length, "names a directory twice")
      .default([])
      .describe("Directories of `*.json`, `*.yaml` and `*.yml`, each file a target or a list of them; watched."),
    kubernetes,
    policy: targetPolicy
      .optional()
      .describe(
        "Limits the targets that may be used. The defaults always apply to targets from Secrets; if the policy is written, it applies to all targets.",
      ),
  })
  .prefault({});

export type DiscoverySettings = z.output<typeof discoverySettings>;
