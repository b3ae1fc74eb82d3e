import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { hasTool } from "../../debian-tool.fixture.ts";

const kubectl = "/usr/bin/kubectl";
const deploy = join(import.meta.dirname, "../../../../../deploy");

// oxlint-disable-next-line typescript/no-explicit-any -- manifests have no types here, and the test says what it expects
type Manifest = any;

/** Returns the manifests that `kubectl apply -k` sends. */
function render(directory: string): Manifest[] {
  const { status, stdout, stderr } = spawnSync(kubectl, ["kustomize", join(deploy, directory)], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document): Manifest => document.toJS());
}

function keysOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return [...(Array.isArray(value) ? [] : Object.keys(value)), ...Object.values(value).flatMap(keysOf)];
}

/**
 * API versions by the first server version that supports them:
 * https://kubernetes.io/docs/reference/using-api/deprecation-guide/
 */
function serverNeeded(manifests: readonly Manifest[]): string {
  const needed = [0];
  if (manifests.some(({ kind, apiVersion }) => kind === "PodDisruptionBudget" && apiVersion === "policy/v1"))
    needed.push(21);
  // On by default since 1.30: https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/
  if (keysOf(manifests).includes("sleep")) needed.push(30);
  return `1.${Math.max(...needed)}`;
}

/** Simulates the controller of Deployments when each node holds at most one pod. True: in the end all pods are new ones. */
function rollsOut(o: { replicas: number; maxSurge: number; maxUnavailable: number; nodes: number }): boolean {
  let [old, fresh, waiting] = [o.replicas, 0, 0];
  for (let step = 0; step < 100 && fresh < o.replicas; step++) {
    while (waiting > 0 && old + fresh < o.nodes) {
      waiting--;
      fresh++;
    }
    if (old > 0 && old + fresh - 1 >= o.replicas - o.maxUnavailable) old--;
    if (fresh + waiting < o.replicas && old + fresh + waiting < o.replicas + o.maxSurge) waiting++;
  }
  return fresh === o.replicas;
}

describe.skipIf(!hasTool(kubectl, "kubernetes-client"))("what kustomize renders", () => {
  test.each(["k8s", "k8s-fleet"])("in deploy/%s have no directives left, and hold each object once", (directory) => {
    const manifests = render(directory);
    expect(keysOf(manifests).filter((key) => key.startsWith("$"))).toEqual([]);
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    const common = ["ConfigMap", "Deployment", "Namespace", "NetworkPolicy", "PodDisruptionBudget"];
    const rest = ["Role", "RoleBinding", "Service", "ServiceAccount"];
    const volume = directory === "k8s" ? ["PersistentVolumeClaim"] : [];
    expect(new Set(manifests.map(({ kind }) => kind))).toEqual(new Set([...common, ...volume, ...rest]));
  });

  test.each(["k8s", "k8s-fleet"])("in deploy/%s need the Kubernetes version that the README states", (directory) => {
    const stated = /Kubernetes (1\.\d+) or newer/.exec(readFileSync(join(deploy, directory, "README.md"), "utf8"))?.[1];
    expect(stated).toBe(serverNeeded(render(directory)));
  });

  test("for a fleet mount only volumes that exist, and give every pod its own node", () => {
    const { spec } = render("k8s-fleet").find(({ kind }) => kind === "Deployment").spec.template;
    const volumes = new Set(spec.volumes.map(({ name }: Manifest) => name));
    expect(new Set(spec.containers[0].volumeMounts.map(({ name }: Manifest) => name))).toEqual(volumes);
    expect(volumes).not.toContain("ledger");
    const [rule] = spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    expect(rule.topologyKey).toBe("kubernetes.io/hostname");
  });

  test("for a fleet roll out on as many nodes as there are replicas", () => {
    const { replicas, strategy } = render("k8s-fleet").find(({ kind }) => kind === "Deployment").spec;
    expect(strategy.type).toBe("RollingUpdate");
    expect(rollsOut({ replicas, ...strategy.rollingUpdate, nodes: replicas })).toBe(true);
    // There is no free node for an additional pod.
    expect(rollsOut({ replicas, maxSurge: 1, maxUnavailable: 0, nodes: replicas })).toBe(false);
    expect(rollsOut({ replicas, maxSurge: 1, maxUnavailable: 0, nodes: replicas + 1 })).toBe(true);
  });
});
