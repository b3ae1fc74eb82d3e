import { describe, expect, test } from "vitest";
import { changeOf, readerOf, receivedAtMs } from "./change-source.fixture.ts";

const sha = "279484c09fbe69ededfced8c1bb6e6d24616b468";
const project = { path_with_namespace: "acme/shop/api", web_url: "https://gitlab.example.com/acme/shop/api" };
const user = { username: "alice", name: "Alice" };

const deployment = (more = {}) => ({
  object_kind: "deployment",
  status: "success",
  status_changed_at: "2026-11-30 12:50:00 +0200",
  deployment_id: 15,
  deployable_url: "https://gitlab.example.com/acme/shop/api/-/jobs/796",
  environment: "production",
  environment_tier: "production",
  environment_external_url: "https://shop.example.com",
  project,
  short_sha: "279484c0",
  user,
  commit_url: `https://gitlab.example.com/acme/shop/api/-/commit/${sha}`,
  commit_title: "Add new file",
  ref: "main",
  ...more,
});
const pipeline = (more = {}) => ({
  object_kind: "pipeline",
  object_attributes: {
    id: 31,
    ref: "main",
    tag: false,
    sha,
    source: "push",
    status: "failed",
    finished_at: "2026-11-30 11:26:29 UTC",
    url: "https://gitlab.example.com/acme/shop/api/-/pipelines/31",
    ...more,
  },
  user,
  project,
  commit: { url: `https://gitlab.example.com/acme/shop/api/-/commit/${sha}`, message: "Add new file\n" },
});
const release = (more = {}) => ({
  object_kind: "release",
  id: 1,
  tag: "v1.1",
  name: "v1.1",
  action: "create",
  released_at: "2026-11-30 11:55:12 UTC",
  url: "https://gitlab.example.com/acme/shop/api/-/releases/v1.1",
  project,
  commit: { id: sha },
  ...more,
});

const read = readerOf({ type: "gitlab" });

describe("an event of GitLab", () => {
  test.each([
    [
      deployment(),
      "deployment:acme/shop/api:15:success",
      "Deployed api 279484c to production by alice (acme/shop/api)",
    ],
    [
      deployment({ status: "canceled" }),
      "deployment:acme/shop/api:15:canceled",
      "Deployment of api 279484c to production by alice: was canceled (acme/shop/api)",
    ],
    [
      deployment({ status: "failed", ref: "v2.0.1" }),
      "deployment:acme/shop/api:15:failed",
      "Deployment of api v2.0.1 to production by alice failed (acme/shop/api)",
    ],
    [
      deployment({ deployable_url: null, user: null }),
      "deployment:acme/shop/api:15:success",
      "Deployed api 279484c to production (acme/shop/api)",
    ],
    [
      pipeline(),
      "pipeline:acme/shop/api:31:failed:2026-11-30 11:26:29 UTC",
      "Pipeline of api failed on main at 279484c by alice (acme/shop/api)",
    ],
    [release(), "release:acme/shop/api:1:create", "Released api v1.1 (acme/shop/api)"],
  ])("becomes a change with an identity and a readable summary: %#", (body, id, summary) => {
    expect(changeOf(read(body))).toMatchObject({ id, summary, origin: "gitlab", source: "acme/shop/api" });
  });

  test("with a signed id has this id", () => {
    for (const [kind, body] of Object.entries({ deployment: deployment(), pipeline: pipeline(), release: release() }))
      expect(changeOf(read(body, { signedId: "msg_1" })).id).toBe(`${kind}:msg_1`);
  });

  test("has labels, links, time and details", () => {
    expect(changeOf(read(deployment()))).toMatchObject({
      timestampMs: Date.parse("2026-11-30T10:50:00Z"),
      environment: "production",
      labels: { service: "api", repository: "acme/shop/api", branch: "main", sha },
      links: [
        { href: "https://gitlab.example.com/acme/shop/api/-/jobs/796", text: "Job" },
        { href: "https://shop.example.com/", text: "Environment" },
        { href: `https://gitlab.example.com/acme/shop/api/-/commit/${sha}`, text: "Commit" },
      ],
      customDetails: { state: "success", tier: "production", commit: "Add new file" },
    });
    expect(changeOf(read(deployment({ status_changed_at: null }))).timestampMs).toBe(receivedAtMs);
  });

  test.each([
    [deployment({ status: "running" }), {}, 'the state "running" is not final'],
    [deployment({ status: "blocked" }), {}, 'the state "blocked" is not final'],
    [pipeline({ status: "skipped" }), {}, 'the state "skipped" is not final'],
    [release({ action: "update" }), {}, 'the state "update" is not final'],
    [{ object_kind: "issue" }, {}, 'the event "issue" is not a change'],
    [{}, { headers: { "x-gitlab-event": "Member Hook" } }, 'the event "Member Hook" is not a change'],
    [[], {}, 'the event "unknown" is not a change'],
  ])("is ignored if it is no final change: %#", (body, event, ignored) => {
    expect(read(body, event)).toEqual({ ignored });
  });

  test.each([
    [deployment({ deployment_id: null, project: null }), ["project.path_with_namespace", "deployment_id"]],
    [pipeline({ id: {}, status: 1 }), ["object_attributes.id", "object_attributes.status"]],
    [release({ tag: "", action: [] }), ["tag", "action"]],
  ])("that lacks needed fields is invalid: %#", (body, paths) => {
    const reading = read(body);
    expect("invalid" in reading && reading.invalid.map(({ path }) => path)).toEqual(paths);
  });

  test("is another change if a retried pipeline fails again", () => {
    const again = pipeline({ finished_at: "2026-11-30 11:40:00 UTC" });
    expect(changeOf(read(again)).id).not.toBe(changeOf(read(pipeline())).id);
  });

  test("passes filters of branches by its branch, and a tag by its full reference", () => {
    const filtered = readerOf({ type: "gitlab", filters: { branches: ["main"] } });
    expect(filtered(pipeline())).toHaveProperty("change");
    expect(filtered(pipeline({ tag: true }))).toHaveProperty("ignored");
    expect(filtered(release())).toHaveProperty("ignored");
    expect(filtered(deployment({ ref: undefined }))).toHaveProperty("change");
  });
});
