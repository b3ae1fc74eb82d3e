import { describe, expect, test } from "vitest";
import { changeOf, readerOf } from "./change-source.fixture.ts";

const commit = "731f7eaddfb6af01cb2173e18f0f75b0ba780ef1";
const kustomization = (more = {}) => ({
  involvedObject: {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    name: "webapp",
    namespace: "apps",
    uid: "7d0cdc51-ddcf-4743-b223-83ca5c699632",
  },
  metadata: { "kustomize.toolkit.fluxcd.io/revision": `main@sha1:${commit}`, env: "production" },
  severity: "info",
  reason: "ReconciliationSucceeded",
  message: "Reconciliation finished in 1.2s, next run in 10m0s",
  reportingController: "kustomize-controller",
  timestamp: "2026-11-30T11:26:19Z",
  ...more,
});
const helmRelease = (more = {}, metadata = {}) => ({
  involvedObject: {
    apiVersion: "helm.toolkit.fluxcd.io/v2",
    kind: "HelmRelease",
    name: "podinfo",
    namespace: "apps",
    uid: "0b5b2f3c-0000-4743-b223-83ca5c699632",
  },
  metadata: { revision: "6.5.0", "app-version": "6.5.1", token: "sha256:aaaa", ...metadata },
  severity: "info",
  reason: "UpgradeSucceeded",
  message: "Helm upgrade succeeded for release apps/podinfo.v3 with chart podinfo@6.5.0",
  reportingController: "helm-controller",
  timestamp: "2026-11-30T11:27:19Z",
  ...more,
});

const read = readerOf({ type: "flux" });
const stateOf = (body: unknown) => {
  const reading = read(body);
  return "change" in reading ? reading.objectState : undefined;
};

describe("an alert of Flux", () => {
  test("becomes a change if it is about a Kustomization", () => {
    expect(changeOf(read(kustomization()))).toEqual({
      id: expect.stringContaining(
        "flux:7d0cdc51-ddcf-4743-b223-83ca5c699632:ReconciliationSucceeded:main@sha1:731f7ea",
      ),
      origin: "flux",
      summary: "Deployed webapp main@sha1:731f7ea to production (Kustomization/apps/webapp)",
      source: "Kustomization/apps/webapp",
      timestampMs: Date.parse("2026-11-30T11:26:19Z"),
      environment: "production",
      labels: { app: "webapp", service: "webapp", branch: "main", sha: commit },
      links: [],
      customDetails: {
        event: "flux",
        state: "ReconciliationSucceeded",
        reason: "ReconciliationSucceeded",
        object: "Kustomization/apps/webapp",
        severity: "info",
        message: "Reconciliation finished in 1.2s, next run in 10m0s",
        controller: "kustomize-controller",
        metadata: { revision: `main@sha1:${commit}`, env: "production" },
      },
    });
  });

  test.each([
    [helmRelease(), "Upgraded podinfo 6.5.0 (HelmRelease/apps/podinfo)"],
    [helmRelease({ reason: "RollbackSucceeded" }), "Rolled back podinfo 6.5.0 (HelmRelease/apps/podinfo)"],
    [
      helmRelease({ reason: "InstallFailed", severity: "error" }),
      "Install failed: podinfo 6.5.0 (HelmRelease/apps/podinfo)",
    ],
    [
      kustomization({ reason: "HealthCheckFailed" }),
      "Health check failed: webapp main@sha1:731f7ea to production (Kustomization/apps/webapp)",
    ],
    [
      kustomization({
        metadata: { revision: `main/${commit}` },
        reason: "Progressing",
        message: "Deployment/apps/web configured\nService/apps/web created",
      }),
      "Deployed webapp main/731f7ea (Kustomization/apps/webapp)",
    ],
  ])("has a readable summary: %#", (body, summary) => {
    expect(changeOf(read(body)).summary).toBe(summary);
  });

  test("has the version of the chart, else that of the application, if it is about a Helm release", () => {
    expect(changeOf(read(helmRelease())).labels).toEqual({ app: "podinfo", service: "podinfo", version: "6.5.0" });
    expect(changeOf(read(helmRelease({}, { revision: "latest" }))).labels).toMatchObject({ version: "6.5.1" });
  });

  test.each([
    [kustomization({ reason: "Progressing", message: "Health check passed in 5s" }), "Progressing"],
    [kustomization({ reason: "DependencyNotReady" }), "DependencyNotReady"],
    [kustomization({ reason: "ProgressingWithRetry", severity: "error" }), "ProgressingWithRetry"],
    [helmRelease({ reason: "Progressing", message: "Deployment/apps/web configured" }), "Progressing"],
    [helmRelease({ reason: "TestSucceeded" }), "TestSucceeded"],
    [
      { ...kustomization(), involvedObject: { kind: "GitRepository", name: "a", uid: "u" }, reason: "NewArtifact" },
      "NewArtifact",
    ],
  ])("that is no final change is ignored: %#", (body, state) => {
    expect(read(body)).toEqual({ ignored: `the state "${state}" is not final` });
  });

  test("needs an object and a reason", () => {
    expect(read({ involvedObject: { uid: {} } })).toEqual({
      invalid: ["involvedObject.uid", "involvedObject.kind", "involvedObject.name", "reason"].map((path) => ({
        path,
        message: expect.any(String),
      })),
    });
  });

  test("repeats the latest change of its object if reason and revision are equal", () => {
    const first = stateOf(kustomization());
    expect(first?.object).toBe("7d0cdc51-ddcf-4743-b223-83ca5c699632");
    expect(stateOf(kustomization({ timestamp: "2026-11-30T11:36:19Z", message: "again" }))).toEqual(first);
    expect(stateOf(kustomization({ metadata: { revision: "main@sha1:0000" } }))).not.toEqual(first);
    expect(stateOf(kustomization({ reason: "ReconciliationFailed" }))).not.toEqual(first);
  });

  test("is no repeat if the values of a Helm release differ, although the chart is the same", () => {
    expect(stateOf(helmRelease({}, { token: "sha256:bbbb" }))).not.toEqual(stateOf(helmRelease()));
    // The token of a Kustomization is random.
    const metadata = { revision: "a", token: "1" };
    expect(stateOf(kustomization({ metadata }))).toEqual(
      stateOf(kustomization({ metadata: { ...metadata, token: "2" } })),
    );
  });
});
