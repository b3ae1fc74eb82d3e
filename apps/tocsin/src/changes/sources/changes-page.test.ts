import { readFileSync } from "node:fs";
import { checkInput } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { configSchema } from "../../config/schema.ts";
import { changeOf, readerOf } from "./change-source.fixture.ts";

const page = readFileSync(new URL("../../../../../docs/changes.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```yaml\n(# \S.*\n)([\s\S]*?)^```$/gm)].map(([, title = "", text = ""]) => ({
  title,
  text,
}));
const configurations = blocks.filter(({ title }) => title.startsWith("# tocsin.yaml"));
const manifests = blocks.filter((block) => !configurations.includes(block));

/** All sources on the page. */
const sources = configurations.flatMap(
  ({ text }) => (parse(text).changes.sources ?? []) as { readonly name: string; readonly type: string }[],
);

/** The settings of a source on the page. */
const sourceOnPage = (name: string) =>
  ({ ...sources.find((source) => source.name === name), secrets: ["a-secret"] }) as Parameters<typeof readerOf>[0];

/** The objects of the manifests with this kind. */
const objectsOf = (kind: string) =>
  manifests
    .flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS()))
    .filter((object) => object.kind === kind);

test("the page shows a set-up of each type", () => {
  expect(new Set(sources.map(({ type }) => type))).toEqual(new Set(["github", "gitlab", "argocd", "flux", "generic"]));
});

test.each(configurations)("the configuration is valid: %#", ({ text }) => {
  expect(checkInput(configSchema, parse(text))).not.toHaveProperty("issues");
});

test.each(manifests)("the manifest is valid YAML: $title", ({ text }) => {
  const documents = parseAllDocuments(text);
  expect(documents.length).toBeGreaterThan(0);
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
});

const at = (path: string, of: unknown) =>
  path
    .split(".")
    .slice(1)
    .reduce<unknown>((value, key) => {
      // Go fails if it reads a field of nothing.
      if (value === undefined || value === null) throw new Error(`nil pointer evaluating ${path}`);
      return (value as Record<string, unknown>)[key];
    }, of);

const toJson = (text: string, of: unknown) =>
  text.replaceAll(/\{\{ toJson (\.[\w.]+) \}\}/g, (_, path: string) => JSON.stringify(at(path, of) ?? null));

/** Executes the part of Go's templates that the page uses. */
function execute(template: string, root: object): string {
  const expanded = template.replaceAll(
    /\{\{ with (\.[\w.]+) \}\}(.*?)\{\{ else \}\}(.*?)\{\{ end \}\}/g,
    (_, path: string, some: string, none: string) => {
      const value = at(path, root);
      return value ? toJson(some, value) : none;
    },
  );
  return toJson(expanded, root);
}

describe("the template for Argo CD", () => {
  const [{ data }] = objectsOf("ConfigMap") as [{ data: Record<string, string> }];
  const { body } = parse(data["template.tocsin-change"]!).webhook.tocsin;
  const context = parse(data["context"]!);
  const app = {
    metadata: { name: "payments", namespace: "argocd" },
    spec: {
      project: "default",
      source: { repoURL: "https://github.com/acme/deploy", path: "apps/payments", targetRevision: "main" },
      destination: { server: "https://kubernetes.default.svc", namespace: "payments" },
    },
    status: {
      operationState: {
        phase: "Succeeded",
        startedAt: "2026-11-30T11:58:00Z",
        finishedAt: "2026-11-30T11:59:30Z",
        message: 'synced "all"\n',
        operation: { initiatedBy: { username: "alice" }, sync: {} },
        syncResult: { revision: "53e28ff20cc530b9ada2173fbbd64d48338583ba" },
      },
      health: { status: "Healthy" },
      summary: { images: ["registry.example.com/payments:1.4.2"] },
    },
  };
  const read = readerOf(sourceOnPage("argocd"));

  test("makes a body that is read completely", () => {
    const { customDetails, ...change } = changeOf(read(JSON.parse(execute(body, { app, context }))));
    expect(change).toEqual({
      id: "argocd:argocd:payments:2026-11-30T11:58:00Z:Succeeded",
      origin: "argocd",
      summary: "Deployed payments 53e28ff to production by alice (Argo CD, namespace payments)",
      source: "payments",
      timestampMs: Date.parse("2026-11-30T11:59:30Z"),
      environment: "production",
      labels: {
        app: "payments",
        namespace: "payments",
        repository: "acme/deploy",
        sha: app.status.operationState.syncResult.revision,
      },
      links: [{ href: "https://argocd.example.com/applications/argocd/payments", text: "Application" }],
    });
    expect(Object.values(customDetails as object)).not.toContain(undefined);
  });

  test("works for an application with several sources whose sync failed early", () => {
    const failed = {
      ...app,
      spec: { project: "default", sources: [], destination: {} },
      status: { operationState: { phase: "Error", startedAt: "2026-11-30T11:58:00Z", operation: {} } },
    };
    expect(changeOf(read(JSON.parse(execute(body, { app: failed, context: {} })))).summary).toBe(
      "Deployment of payments failed (Argo CD)",
    );
  });

  test("is sent for the final phases, by the service that the source expects", () => {
    expect(parse(data["trigger.on-tocsin-change"]!)).toEqual([
      {
        when: "app.status.operationState != nil and app.status.operationState.phase in ['Succeeded', 'Failed', 'Error']",
        oncePer: "app.status.operationState.startedAt",
        send: ["tocsin-change"],
      },
    ]);
    expect(parse(data["subscriptions"]!)).toEqual([{ recipients: ["tocsin"], triggers: ["on-tocsin-change"] }]);
    expect(parse(data["service.webhook.tocsin"]!).url).toMatch(/\/api\/v1\/changes\/from\/argocd$/);
  });
});

test("the provider for Flux sends to the source of the page, with the token of its Secret", () => {
  const [provider] = objectsOf("Provider");
  const [alert] = objectsOf("Alert");
  expect(provider.spec).toMatchObject({ type: "generic-hmac", secretRef: { name: "tocsin" } });
  expect(provider.spec.address).toMatch(/\/api\/v1\/changes\/from\/flux$/);
  expect(alert.spec.providerRef.name).toBe(provider.metadata.name);
});

test("the example for Jenkins reads the body of its script", () => {
  const [, body = ""] = /^body='(.*)'$/m.exec(page) ?? [];
  expect(changeOf(readerOf(sourceOnPage("jenkins"))(JSON.parse(body)))).toMatchObject({
    id: "generic:deploy#42",
    summary: "SUCCESS: deploy #42 to production",
    environment: "production",
    labels: { service: "api", sha: "f95f852", branch: "main" },
    links: [{ href: "https://jenkins.example.com/job/deploy/42/", text: "Build" }],
  });
});

const spinnakerEvent = (type: string, status: string) => ({
  details: { type, application: "payments" },
  content: { execution: { id: "01H", name: "Deploy", status, authentication: { user: "alice" } } },
});

test("the example for Spinnaker reads the end of a pipeline, and ignores its start", () => {
  const read = readerOf(sourceOnPage("spinnaker"));
  expect(changeOf(read(spinnakerEvent("orca:pipeline:complete", "SUCCEEDED")))).toMatchObject({
    id: "generic:01H-SUCCEEDED",
    summary: "Pipeline Deploy of payments: SUCCEEDED",
    labels: { app: "payments" },
    customDetails: { user: "alice", pipeline: "Deploy" },
  });
  expect(read(spinnakerEvent("orca:pipeline:starting", "RUNNING"))).toHaveProperty("ignored");
});

/** The table of final states, by type and event. */
const finalStates = new Map(
  [...page.matchAll(/^\| (\w+) +\| (.+?) +\| (`.+?) +\|$/gm)].map(([, type, event, states]) => [
    `${type} ${event?.replaceAll("`", "")}`,
    states ?? "",
  ]),
);

/** A body in which each type finds this state. */
const bodyOf = (state: string) => ({
  repository: { full_name: "acme/api" },
  deployment_status: { id: 1, state },
  object_kind: "deployment",
  project: { path_with_namespace: "acme/api" },
  deployment_id: 1,
  status: state,
  application: "a",
  phase: state,
  startedAt: "b",
});

test.each([
  ["github deployment_status", ["success", "failure", "error"], ["queued", "pending", "in_progress", "inactive"]],
  ["gitlab deployment", ["success", "failed", "canceled"], ["created", "running", "blocked"]],
  ["argocd sync", ["Succeeded", "Failed", "Error"], ["Running", "Terminating"]],
])("the table of final states is true for %s", (row, final, others) => {
  const read = readerOf({ type: row.split(" ")[0] as "github" });
  const isFinal = (state: string) => "change" in read(bodyOf(state));
  expect([...final, ...others].filter(isFinal)).toEqual(final);
  expect([...(finalStates.get(row) ?? "").matchAll(/`(\w+)`/g)].map(([, state]) => state)).toEqual(final);
});
