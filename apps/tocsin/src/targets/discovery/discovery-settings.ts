import { duration } from "@tocsin/core";
import { z } from "zod";
import { targetPolicy } from "./policy.ts";

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const namespace = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'expected the name of a Kubernetes namespace, such as "monitoring"');

const kubernetes = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Finds targets in Secrets: see [Kubernetes](kubernetes.md)."),
    namespaces: z
      .array(namespace)
      .min(1, "expected at least one namespace")
      .refine((names) => new Set(names).size === names.length, "names a namespace twice")
      .default(["tocsin"])
      .describe("Where the Secrets are. Each needs a Role that allows to get, list and watch them."),
    labelSelector: z
      .string()
      .min(1, "must not be empty: it would read every Secret")
      .default("publishing-target=true")
      .describe("Which Secrets are targets."),
    kubeconfig: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("Path of a kubeconfig. Default: `KUBECONFIG`, else the pod's own account, else `~/.kube/config`."),
    resync: duration()
      .refine((ms) => ms >= 10_000, "must not be shorter than 10s")
      .prefault("10m")
      .describe("How often everything is listed anew, whatever the watch says."),
    fallbackAcrossNamespaces: z
      .boolean()
      .default(false)
      .describe("Lets a target fall back to another namespace's, whose team is paged then."),
  })
  .prefault({});

/** The block `discovery` of `tocsin.yaml`: where targets come from besides `targets`. */
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
        "Which targets may be used. The defaults always hold for targets of Secrets; if the policy is written, it holds for all targets.",
      ),
  })
  .prefault({});

export type DiscoverySettings = z.output<typeof discoverySettings>;
