import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { loadConfig } from "../config/load.ts";
import { canRender, chart, ChartRenderer, type Manifest, mergedValues, type Values } from "./chart-renderer.fixture.ts";
import { chartValueSets, fleet } from "./chart-value-sets.fixture.ts";
import { schemaIssues } from "./schema-issues.fixture.ts";

const deploy = join(chart, "../..");
const read = (path: string): string => readFileSync(join(deploy, path), "utf8");
const plain = (pattern: string): Manifest[] =>
  globSync(pattern, { cwd: deploy })
    .flatMap((path) => parseAllDocuments(read(path)).map((document): Manifest => document.toJS()))
    .filter(({ kind }) => kind !== "Kustomization" && kind !== "Namespace");

const one = (manifests: readonly Manifest[], kind: string, name?: string): Manifest => {
  const found = manifests.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  expect([kind, found.length]).toEqual([kind, 1]);
  return found[0];
};

/** A manifest without what Helm adds, and the plain manifests do not have. */
function withoutHelm(value: Manifest): Manifest {
  if (Array.isArray(value)) return value.map(withoutHelm);
  if (typeof value !== "object" || value === null) return value;
  const ours = Object.entries(value)
    .filter(([key]) => !/^helm\.sh\/|^app\.kubernetes\.io\/(?!name$)|^imagePullPolicy$/.test(key))
    .map(([key, inner]) => [key, key === "tocsin.yaml" ? parse(inner as string) : withoutHelm(inner)] as const)
    .filter(([key, inner]) => !(["labels", "annotations"].includes(key) && Object.keys(inner as object).length === 0));
  return Object.fromEntries(ours);
}

/** Manifests by their names, without labels of their own, which only the chart sets everywhere. */
const byName = (manifests: readonly Manifest[]) =>
  Object.fromEntries(
    manifests
      .map(withoutHelm)
      .map(({ metadata, ...rest }) => [
        `${rest.kind} ${metadata.namespace}/${metadata.name}`,
        { ...rest, metadata: { ...metadata, labels: undefined } },
      ]),
  );

const validate = new Ajv().compile(JSON.parse(read("helm/tocsin/values.schema.json")) as object);
const isValid = (values: Values): boolean => validate(mergedValues(values));
const dir = mkdtempSync(join(tmpdir(), "tocsin-chart-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe.skipIf(!canRender())("the chart", () => {
  let renderer: ChartRenderer;
  beforeAll(() => {
    renderer = new ChartRenderer(dir);
  }, 300_000);

  describe.each(chartValueSets)("with $name", ({ values, release }) => {
    let manifests: Manifest[];
    beforeAll(() => {
      manifests = renderer.render(values, release);
    });

    test("has values that the schema accepts, and objects that the API of Kubernetes knows", () => {
      expect([isValid(values), validate.errors]).toEqual([true, null]);
      const builtIn = manifests.filter(({ apiVersion }) => apiVersion !== "monitoring.coreos.com/v1");
      expect(builtIn.flatMap(schemaIssues)).toEqual([]);
      expect(builtIn.length).toBeGreaterThanOrEqual(7);
      const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
      expect(new Set(names).size).toBe(names.length);
      expect(names.join()).not.toContain("undefined");
    });

    test("selects the pod, mounts what it declares, and probes an open port", () => {
      const { spec } = one(manifests, "Deployment");
      const { labels } = spec.template.metadata;
      expect(labels["app.kubernetes.io/instance"]).toBe(release?.name ?? "tocsin");
      expect(spec.selector.matchLabels).toEqual(labels);
      expect(one(manifests, "Service").spec.selector).toEqual(labels);
      expect(one(manifests, "PodDisruptionBudget").spec.selector.matchLabels).toEqual(labels);
      for (const policy of manifests.filter(({ kind }) => kind === "NetworkPolicy"))
        expect(policy.spec.podSelector.matchLabels).toEqual(labels);
      const [container] = spec.template.spec.containers;
      const volumes = spec.template.spec.volumes.map(({ name }: Manifest) => name);
      expect(container.volumeMounts.map(({ name }: Manifest) => name)).toEqual(volumes);
      const ports = container.ports.map(({ name }: Manifest) => name);
      for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"])
        expect(ports).toContain(container[probe].httpGet.port);
      expect(spec.template.spec.serviceAccountName).toBe(one(manifests, "ServiceAccount").metadata.name);
    });

    test("grants the rights of the plain manifests, to its own account, in the namespaces of the configuration", () => {
      const account = one(manifests, "ServiceAccount").metadata;
      const rights = manifests.filter(({ apiVersion }) => apiVersion === "rbac.authorization.k8s.io/v1");
      const { discovery, changes } = parse(one(manifests, "ConfigMap", account.name).data["tocsin.yaml"]);
      const expected = {
        targets: { namespaces: discovery.kubernetes.namespaces, rules: plain("k8s/role.yaml")[0].rules },
        rollouts: { namespaces: changes?.kubernetes.namespaces ?? [], rules: plain("k8s/rollouts/*")[0].rules },
      };
      for (const [suffix, { namespaces, rules }] of Object.entries(expected)) {
        const ofSuffix = rights.filter(({ metadata }) => metadata.name === `${account.name}-${suffix}`);
        const roles = ofSuffix.filter(({ kind }) => kind === "Role");
        const bindings = ofSuffix.filter(({ kind }) => kind === "RoleBinding");
        for (const some of [roles, bindings])
          expect(some.map(({ metadata }) => metadata.namespace)).toEqual(namespaces);
        for (const role of roles) expect(role.rules).toEqual(rules);
        for (const { subjects, roleRef } of bindings) {
          expect(subjects).toEqual([{ kind: "ServiceAccount", name: account.name, namespace: account.namespace }]);
          expect([roleRef.kind, roleRef.name]).toEqual(["Role", `${account.name}-${suffix}`]);
        }
      }
      const { targets, rollouts } = expected;
      expect(rights).toHaveLength(2 * (targets.namespaces.length + rollouts.namespaces.length));
    });

    test("has a configuration that Tocsin accepts", () => {
      const names = ["ingest-token", "read-token", "operate-token", "postgres-password", "postgres-ca"];
      for (const name of names) writeFileSync(join(dir, name), name);
      writeFileSync(join(dir, "encryption-key"), Buffer.alloc(32, 1).toString("base64"));
      const { cert, key } = selfSigned();
      for (const [name, pem] of Object.entries({ "tls.crt": cert, "tls.key": key, "ca.crt": cert }))
        writeFileSync(join(dir, name), pem);
      const text: string = one(manifests, "ConfigMap", one(manifests, "ServiceAccount").metadata.name).data[
        "tocsin.yaml"
      ];
      writeFileSync(join(dir, "tocsin.yaml"), text.replaceAll(/\/etc\/tocsin\/(credentials|tls)/g, dir));
      const { server, ledger } = loadConfig("tocsin.yaml", { cwd: dir, env: {} });
      const [{ ports }] = one(manifests, "Deployment").spec.template.spec.containers;
      const listens = [server.listen.port, ...(server.probes.listen ? [server.probes.listen.port] : [])];
      expect(ports.map(({ containerPort }: Manifest) => containerPort)).toEqual(listens);
      const isOnePod = one(manifests, "Deployment").spec.strategy.type === "Recreate";
      expect(ledger.kind).toBe(isOnePod ? "sqlite" : "postgres");
    });
  });

  test("renders the plain manifests by default, and those of the fleet for PostgreSQL", () => {
    expect(byName(renderer.render({}))).toEqual(byName(plain("k8s/*.yaml")));
    expect(byName(renderer.render(fleet))).toEqual(byName(plain("k8s-fleet/*.yaml")));
  });

  test("renders the plain rights for rollouts and for the namespace of a team", () => {
    const rendered = byName(
      renderer.render({ discovery: { namespaces: ["shop-alerting"] }, rollouts: { namespaces: ["shop"] } }),
    );
    expect(rendered).toMatchObject(byName(plain("k8s/{rollouts,team-namespace}/*.yaml")));
  });

  test("monitors itself with the files of this repository", () => {
    const manifests = renderer.render({
      serviceMonitor: { enabled: true },
      prometheusRule: { enabled: true },
      dashboard: { enabled: true },
    });
    const [, example = ""] = /```yaml\n(apiVersion: monitoring[^]*?)```/.exec(read("k8s/README.md")) ?? [];
    expect(withoutHelm(one(manifests, "ServiceMonitor")).spec).toEqual(parse(example).spec);
    expect(one(manifests, "PrometheusRule").spec).toEqual(parse(read("prometheus/tocsin.rules.yml")));
    const dashboard = one(manifests, "ConfigMap", "tocsin-dashboard").data["tocsin.json"] as string;
    expect(JSON.parse(dashboard)).toEqual(JSON.parse(read("grafana/tocsin.json")));
    const wiki = renderer.render({ prometheusRule: { enabled: true, runbookUrl: "https://wiki.example.com" } });
    expect(JSON.stringify(one(wiki, "PrometheusRule"))).not.toContain("https://tocsin.example.com");
  });

  test("trusts the authority of its certificate when Prometheus reads it by TLS", () => {
    const manifests = renderer.render({ tls: { secretName: "tocsin-tls" }, serviceMonitor: { enabled: true } });
    expect(one(manifests, "ServiceMonitor").spec.endpoints[0]).toMatchObject({
      scheme: "https",
      tlsConfig: { serverName: "tocsin.tocsin.svc", ca: { secret: { name: "tocsin-tls", key: "ca.crt" } } },
    });
  });

  test("admits no namespace if none is named", () => {
    const policy = one(renderer.render({ networkPolicy: { fromNamespaces: [] } }), "NetworkPolicy");
    expect(policy.spec).toMatchObject({ ingress: [], policyTypes: ["Ingress", "Egress"] });
  });

  test("is refused without the URL of the database, or the host of an ingress", () => {
    expect(() => renderer.render({ ledger: { kind: "postgres" } })).toThrow("ledger.postgres.url is missing");
    expect(() => renderer.render({ ingress: { enabled: true } })).toThrow("ingress.host is missing");
  });
});

describe("the schema of the values", () => {
  test.each<Values>([
    { replicas: 3 },
    { ledger: { kind: "mysql" } },
    { ledger: { postgres: { replicas: 0 } } },
    { ledger: { postgres: { url: "sqlite:a" } } },
    { networkPolicy: { egressPorts: [] } },
    { discovery: { namespaces: ["Shop"] } },
    { credentials: { secretName: "" } },
    { tls: { clientCa: "yes" } },
  ])("refuses %j", (values) => {
    expect(isValid(values)).toBe(false);
  });
});

test("a manifest with a wrong field, type or gap is noticed", () => {
  const [deployment] = plain("k8s/deployment.yaml");
  expect(schemaIssues(deployment)).toEqual([]);
  const { containers, ...pod } = deployment.spec.template.spec;
  const broken = { ...pod, hostnetwork: true, terminationGracePeriodSeconds: "30" };
  expect(schemaIssues({ ...deployment, spec: { ...deployment.spec, template: { spec: broken } } })).toEqual([
    "Deployment.spec.template.spec.containers is missing",
    "Deployment.spec.template.spec.terminationGracePeriodSeconds must be number",
    "Deployment.spec.template.spec.hostnetwork is unknown",
  ]);
  expect(containers).toHaveLength(1);
});
