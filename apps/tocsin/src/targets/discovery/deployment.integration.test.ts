import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../config/load.ts";
import { startService } from "../../service.fixture.ts";

const root = join(import.meta.dirname, "../../../../..");
const dir = mkdtempSync(join(tmpdir(), "tocsin-deployment-"));
afterAll(() => rmSync(dir, { recursive: true }));

// oxlint-disable-next-line typescript/no-explicit-any -- manifests have no types here, and the test says what it expects
type Manifest = any;
const read = (pattern: string): Manifest[] =>
  globSync(pattern, { cwd: root })
    .toSorted()
    .flatMap((path) =>
      parseAllDocuments(readFileSync(join(root, path), "utf8")).map((document): Manifest => document.toJS()),
    )
    .filter(({ kind }) => kind !== "Kustomization");
const textOf = (path: string): string => readFileSync(join(root, "deploy", path), "utf8");
const everything = read("{deploy/k8s*,examples}/**/*.yaml");
const ours = read("deploy/k8s/*.yaml");
const one = (kind: string): Manifest => {
  const found = ours.filter((manifest) => manifest.kind === kind);
  expect([kind, found.length]).toEqual([kind, 1]);
  return found[0];
};
const pod = () => one("Deployment").spec.template;
const container = () => pod().spec.containers[0];

const roleNames = (pattern: string) =>
  new Set(
    read(pattern)
      .filter(({ kind }) => kind === "Role")
      .map(({ metadata }) => metadata.name),
  );

describe("the rights that the manifests grant", () => {
  test("allow reading Secrets in one namespace each, and nothing else", () => {
    const rights = everything.filter(({ kind }) => /Role$|RoleBinding$/.test(kind));
    expect(new Set(rights.map(({ kind }) => kind))).toEqual(new Set(["Role", "RoleBinding"]));
    const roles = rights.filter(({ kind, metadata }) => kind === "Role" && metadata.name === "tocsin-targets");
    for (const { rules } of roles)
      expect(rules).toEqual([{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] }]);
    expect(new Set(roles.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["tocsin", "shop-alerting"]));
  });

  test("allow reading workloads only in the optional files", () => {
    expect(roleNames("deploy/*/*.yaml")).toEqual(new Set(["tocsin-targets"]));
    expect(roleNames("deploy/*/rollouts/*.yaml")).toEqual(new Set(["tocsin-rollouts"]));
    expect(textOf("k8s-fleet/rollouts/rbac.yaml")).toBe(textOf("k8s/rollouts/rbac.yaml"));
  });

  test("are granted to the pod's service account alone, by a Role in the same namespace", () => {
    const bindings = everything.filter(({ kind }) => kind === "RoleBinding");
    for (const { metadata, roleRef, subjects } of bindings) {
      const role = everything.find((other) => other.kind === "Role" && other.metadata.namespace === metadata.namespace);
      expect(metadata.name).toBe(role.metadata.name);
      expect(roleRef).toEqual({ apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name });
      expect(subjects).toEqual([{ kind: "ServiceAccount", name: "tocsin", namespace: "tocsin" }]);
    }
    expect(new Set(bindings.map(({ metadata }) => metadata.namespace))).toEqual(
      new Set(["tocsin", "shop-alerting", "shop"]),
    );
    expect(one("ServiceAccount")).toMatchObject({ metadata: { name: "tocsin" }, automountServiceAccountToken: false });
    expect(pod().spec).toMatchObject({ serviceAccountName: "tocsin", automountServiceAccountToken: true });
  });
});

describe("the pod", () => {
  test("runs without root and privileges, and writes only to its volumes", () => {
    expect(pod().spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container().securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod().spec).not.toHaveProperty("hostNetwork");
    const volumes = new Map(pod().spec.volumes.map((volume: Manifest) => [volume.name, volume]));
    for (const { name } of container().volumeMounts) expect([...volumes.keys()]).toContain(name);
    const writable = container().volumeMounts.filter(({ readOnly }: Manifest) => readOnly !== true);
    expect(writable.map(({ mountPath }: Manifest) => mountPath)).toEqual(["/var/lib/tocsin", "/tmp"]);
  });

  test("is the only user of its SQLite file, and requests resources", () => {
    expect(one("Deployment").spec).toMatchObject({ replicas: 1, strategy: { type: "Recreate" } });
    expect(container().resources).toEqual({ requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } });
    expect(one("PersistentVolumeClaim").spec.accessModes).toEqual(["ReadWriteOnce"]);
  });

  test("is selected by its Service, its network policy and its disruption budget", () => {
    const { labels } = pod().metadata;
    expect(one("Service").spec.selector).toEqual(labels);
    expect(one("Deployment").spec.selector.matchLabels).toEqual(labels);
    expect(one("NetworkPolicy").spec.podSelector.matchLabels).toEqual(labels);
    expect(one("PodDisruptionBudget").spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } });
    expect(one("NetworkPolicy").spec.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(one("Service").spec.ports).toEqual([{ name: "http", port: 9877, targetPort: "http" }]);
  });

  test("has probes that need no token", async () => {
    await using service = await startService(() => ({
      server: { listen: "127.0.0.1:0", auth: { tokens: [{ name: "a", token: "some-token", roles: ["read"] }] } },
    }));
    for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      const { path, port } = container()[probe].httpGet;
      expect([probe, port]).toEqual([probe, container().ports[0].name]);
      const answered = await service.until(probe, async () => {
        const { status } = await service.ask("GET", path as string);
        return status === 200 || undefined;
      });
      expect(answered).toBe(true);
    }
  });
});

test("the configuration is valid and matches the mounted files and open ports", () => {
  const text = one("ConfigMap").data["tocsin.yaml"] as string;
  const credentials = { "ingest-token": "ingest", "read-token": "read", "operate-token": "operate" };
  for (const [name, value] of Object.entries(credentials)) writeFileSync(join(dir, name), value);
  writeFileSync(join(dir, "encryption-key"), Buffer.alloc(32, 1).toString("base64"));
  writeFileSync(join(dir, "tocsin.yaml"), text.replaceAll("/etc/tocsin/credentials", dir));
  const config = loadConfig("tocsin.yaml", { cwd: dir, env: {} });
  expect(config.server.listen.port).toBe(container().ports[0].containerPort);
  expect(config.ledger).toMatchObject({ path: "/var/lib/tocsin/tocsin.db", keys: [Buffer.alloc(32, 1)] });
  expect(config.discovery.kubernetes?.namespaces).toEqual([one("Role").metadata.namespace]);
  expect(container().args).toEqual(["serve", "--config", "/etc/tocsin/config/tocsin.yaml"]);
  // The Secrets that the README creates are the ones that the service reads.
  const readme = readFileSync(join(root, "deploy/k8s/README.md"), "utf8");
  expect([...readme.matchAll(/--from-literal=([\w-]+)=/g)].map(([, name]) => name)).toEqual([
    ...Object.keys(credentials),
    "encryption-key",
  ]);
});

test("the fleet's configuration is valid: PostgreSQL, with the password and the CA certificate mounted", () => {
  const fleet = read("deploy/k8s-fleet/*.yaml");
  const of = (kind: string): Manifest => fleet.find((manifest) => manifest.kind === kind);
  const names = ["ingest-token", "read-token", "operate-token", "postgres-password", "postgres-ca"];
  for (const name of names) writeFileSync(join(dir, name), name);
  writeFileSync(join(dir, "encryption-key"), Buffer.alloc(32, 1).toString("base64"));
  const text = of("ConfigMap").data["tocsin.yaml"] as string;
  writeFileSync(join(dir, "tocsin.yaml"), text.replaceAll("/etc/tocsin/credentials", dir));
  const { ledger } = loadConfig("tocsin.yaml", { cwd: dir, env: {} });
  expect(ledger).toMatchObject({
    kind: "postgres",
    server: { user: "tocsin", password: "postgres-password", tls: { ca: "postgres-ca" } },
  });
});

test("the fleet's manifests differ from those of one replica only where they say so", () => {
  for (const file of ["namespace", "serviceaccount", "role", "rolebinding", "service", "poddisruptionbudget"])
    expect(textOf(`k8s-fleet/${file}.yaml`)).toBe(textOf(`k8s/${file}.yaml`));
  const single: Manifest = parse(textOf("k8s/deployment.yaml"));
  const fleet: Manifest = parse(textOf("k8s-fleet/deployment.yaml"));
  const { affinity, topologySpreadConstraints, ...spread } = fleet.spec.template.spec;
  expect([affinity, topologySpreadConstraints]).not.toContain(undefined);
  const { lifecycle, ...main } = spread.containers[0];
  expect(lifecycle.preStop.sleep.seconds + 10).toBeLessThan(spread.terminationGracePeriodSeconds);
  const { containers, volumes, ...same } = single.spec.template.spec;
  expect({ ...spread, containers: [main] }).toEqual({
    ...same,
    terminationGracePeriodSeconds: spread.terminationGracePeriodSeconds,
    containers: [
      { ...containers[0], volumeMounts: containers[0].volumeMounts.filter(({ name }: Manifest) => name !== "ledger") },
    ],
    volumes: volumes.filter(({ name }: Manifest) => name !== "ledger"),
  });
  expect({ ...fleet.spec, template: 0, strategy: 0 }).toEqual({
    ...single.spec,
    replicas: 3,
    template: 0,
    strategy: 0,
  });
});

test.each(["k8s", "k8s-fleet"])("kustomize takes every file of deploy/%s, all in one namespace", (directory) => {
  const { resources } = parse(readFileSync(join(root, "deploy", directory, "kustomization.yaml"), "utf8")) as {
    resources: string[];
  };
  const files = globSync(`deploy/${directory}/*.yaml`, { cwd: root }).map((path) => basename(path));
  expect(new Set([...resources, "kustomization.yaml"])).toEqual(new Set(files));
  for (const { kind, metadata } of read(`deploy/${directory}/*.yaml`))
    expect([kind, metadata.namespace]).toEqual([kind, kind === "Namespace" ? undefined : "tocsin"]);
});
