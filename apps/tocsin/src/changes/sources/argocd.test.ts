import { describe, expect, test } from "vitest";
import { changeOf, readerOf } from "./change-source.fixture.ts";

const sha = "53e28ff20cc530b9ada2173fbbd64d48338583ba";
const sync = (more = {}) => ({
  application: "payments",
  namespace: "argocd",
  project: "default",
  phase: "Succeeded",
  startedAt: "2026-11-30T11:58:00Z",
  finishedAt: "2026-11-30T11:59:30Z",
  message: "successfully synced (all tasks run)",
  revision: sha,
  targetRevision: "main",
  repository: "https://bot:ghp_secret@github.com/acme/deploy.git",
  path: "apps/payments",
  destination: { name: "prod-eu", server: null, namespace: "payments" },
  health: "Healthy",
  images: ["registry.example.com/payments:1.4.2", 7],
  initiatedBy: "alice",
  environment: "production",
  argocdUrl: "https://argocd.example.com/",
  ...more,
});

const read = readerOf({ type: "argocd" });

describe("a notification of Argo CD", () => {
  test("becomes a change", () => {
    expect(changeOf(read(sync()))).toEqual({
      id: "argocd:argocd:payments:2026-11-30T11:58:00Z:Succeeded",
      origin: "argocd",
      summary: "Deployed payments 53e28ff to production by alice (Argo CD, namespace payments)",
      source: "payments",
      timestampMs: Date.parse("2026-11-30T11:59:30Z"),
      environment: "production",
      labels: { app: "payments", namespace: "payments", repository: "acme/deploy", sha },
      links: [{ href: "https://argocd.example.com/applications/argocd/payments", text: "Application" }],
      customDetails: {
        event: "sync",
        state: "Succeeded",
        actor: "alice",
        message: "successfully synced (all tasks run)",
        revision: sha,
        project: "default",
        repository: "acme/deploy",
        path: "apps/payments",
        cluster: "prod-eu",
        health: "Healthy",
        images: ["registry.example.com/payments:1.4.2"],
      },
    });
  });

  test("shows no user and password of a repository", () => {
    const readings = ["https://bot:ghp_secret@github.com/acme/a.git", "bot:ghp_secret@github.com:acme/a.git"].map(
      (repository) => read(sync({ repository })),
    );
    expect(JSON.stringify(readings)).not.toContain("ghp_secret");
  });

  test.each([
    ["Failed", "Deployment of payments 53e28ff to production by alice failed (Argo CD, namespace payments)"],
    ["Error", "Deployment of payments 53e28ff to production by alice failed (Argo CD, namespace payments)"],
  ])("with the phase %s is a failed deployment", (phase, summary) => {
    expect(changeOf(read(sync({ phase }))).summary).toBe(summary);
  });

  test.each(["Running", "Terminating"])("with the phase %s is ignored", (phase) => {
    expect(read(sync({ phase }))).toEqual({ ignored: `the state "${phase}" is not final` });
  });

  test("needs an application, a phase and the start of the operation", () => {
    expect(read({})).toEqual({
      invalid: ["application", "phase", "startedAt"].map((path) => ({ path, message: expect.any(String) })),
    });
  });

  test("takes the first of several revisions, and a version as it is", () => {
    const version = changeOf(read(sync({ revision: undefined, revisions: ["2.1.0", sha] })));
    expect([version.summary, version.labels["version"]]).toEqual([
      expect.stringContaining("payments 2.1.0 to"),
      "2.1.0",
    ]);
  });

  test("gives three changes for a rollback A, B, A, and none for a repeat", () => {
    const ids = ["11:00", "11:10", "11:20", "11:20"].map(
      (time) => changeOf(read(sync({ startedAt: `2026-11-30T${time}:00Z` }))).id,
    );
    expect(new Set(ids).size).toBe(3);
  });
});
