import { describe, expect, test } from "vitest";
import { changeOf, readerOf, receivedAtMs } from "../change-source.fixture.ts";

const repository = {
  full_name: "acme/api",
  name: "api",
  html_url: "https://github.com/acme/api",
  pushed_at: 1_780_000_000,
};
const sha = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";
const sender = { login: "alice" };

const deployment = (status = {}, more = {}) => ({
  action: "created",
  deployment_status: {
    id: 209916254,
    state: "success",
    environment: "production",
    created_at: "2026-11-30T11:59:00Z",
    log_url: "https://github.com/acme/api/runs/1",
    creator: sender,
    ...status,
  },
  deployment: { id: 145988746, ref: "v1.2.3", sha, environment: "production", task: "deploy", ...more },
  repository,
  sender,
});
const release = (action = "published", more = {}) => ({
  action,
  release: {
    id: 17372790,
    tag_name: "v1.2.3",
    target_commitish: "main",
    html_url: "https://github.com/acme/api/releases/tag/v1.2.3",
    published_at: "2026-11-30T11:58:00Z",
    prerelease: false,
    ...more,
  },
  repository,
  sender,
});
const push = (more = {}) => ({
  ref: "refs/heads/main",
  before: "0".repeat(39) + "1",
  after: sha,
  created: false,
  deleted: false,
  compare: "https://github.com/acme/api/compare/1...2",
  commits: [{}, {}],
  head_commit: { message: "Fix the retry\n\nLong text", url: `https://github.com/acme/api/commit/${sha}` },
  repository,
  pusher: { name: "alice" },
  ...more,
});
const run = (more = {}, action = "completed") => ({
  action,
  workflow: { name: "Deploy" },
  workflow_run: {
    id: 289782451,
    run_attempt: 2,
    run_number: 7,
    conclusion: "success",
    status: "completed",
    head_branch: "main",
    head_sha: sha,
    head_repository: { full_name: "acme/api" },
    html_url: "https://github.com/acme/api/actions/runs/289782451",
    updated_at: "2026-11-30T11:57:00Z",
    actor: sender,
    ...more,
  },
  repository,
  sender,
});

const read = readerOf({ type: "github" });
const as = (event: string) => ({ headers: { "x-github-event": event } });

describe("an event of GitHub", () => {
  test.each([
    [
      "deployment_status",
      deployment(),
      "deployment_status:acme/api:209916254",
      "Deployed api v1.2.3 to production by alice (acme/api)",
    ],
    [
      "deployment_status",
      deployment({ state: "failure" }),
      "deployment_status:acme/api:209916254",
      "Deployment of api v1.2.3 to production by alice failed (acme/api)",
    ],
    [
      "deployment_status",
      deployment({}, { ref: "main" }),
      "deployment_status:acme/api:209916254",
      "Deployed api f95f852 to production by alice (acme/api)",
    ],
    ["release", release(), "release:acme/api:17372790:published", "Released api v1.2.3 by alice (acme/api)"],
    [
      "release",
      release("published", { prerelease: true }),
      "release:acme/api:17372790:published",
      "Pre-released api v1.2.3 by alice (acme/api)",
    ],
    [
      "push",
      push(),
      `push:acme/api:refs/heads/main:${"0".repeat(39)}1:${sha}`,
      "Pushed 2 commits to main by alice (acme/api): Fix the retry",
    ],
    [
      "push",
      push({ created: true, ref: "refs/tags/v1.2.3", commits: [] }),
      expect.any(String),
      "Created tag v1.2.3 by alice (acme/api): Fix the retry",
    ],
    [
      "workflow_run",
      run(),
      "workflow_run:acme/api:289782451:2:success",
      'Workflow "Deploy" succeeded on main at f95f852 by alice (acme/api)',
    ],
    [
      "workflow_run",
      run({ conclusion: "timed_out" }),
      "workflow_run:acme/api:289782451:2:timed_out",
      'Workflow "Deploy" timed out on main at f95f852 by alice (acme/api)',
    ],
  ])("%s becomes a change with an identity and a readable summary", (event, body, id, summary) => {
    expect(changeOf(read(body, as(event)))).toMatchObject({ id, summary, origin: "github", source: "acme/api" });
  });

  test("has labels, links, time and details", () => {
    expect(changeOf(read(deployment(), as("deployment_status")))).toMatchObject({
      timestampMs: Date.parse("2026-11-30T11:59:00Z"),
      environment: "production",
      labels: { service: "api", repository: "acme/api", branch: "v1.2.3", sha, version: "v1.2.3" },
      links: [
        { href: "https://github.com/acme/api/runs/1", text: "Deployment" },
        { href: `https://github.com/acme/api/commit/${sha}`, text: "Commit" },
      ],
      customDetails: { state: "success", actor: "alice", ref: "v1.2.3", deployment: "145988746" },
    });
  });

  test("without a time happened when it arrived", () => {
    expect(changeOf(read(deployment({ created_at: "soon" }), as("deployment_status"))).timestampMs).toBe(receivedAtMs);
  });

  test.each([
    ["ping", { zen: "Keep it logically awesome.", hook_id: 1 }, "ping"],
    ["issues", { action: "opened" }, 'the event "issues" is not a change'],
    ["toString", {}, 'the event "toString" is not a change'],
    ["deployment_status", deployment({ state: "in_progress" }), 'the state "in_progress" is not final'],
    ["deployment_status", deployment({ state: "inactive" }), 'the state "inactive" is not final'],
    ["release", release("released"), 'the state "released" is not final'],
    ["push", push({ deleted: true }), 'the state "deleted" is not final'],
    ["workflow_run", run({}, "requested"), 'the workflow run has not ended: its state is "requested"'],
    [
      "workflow_run",
      run({ conclusion: null, status: "queued" }),
      'the workflow run has not ended: its state is "queued"',
    ],
    ["workflow_run", run({ conclusion: "skipped" }), 'the state "skipped" is not final'],
    ["workflow_run", run({ conclusion: "action_required" }), 'the state "action_required" is not final'],
  ])("%s is ignored if it is no final change: %#", (event, body, ignored) => {
    expect(read(body, as(event))).toEqual({ ignored });
  });

  test.each([
    ["deployment_status", { ...deployment(), repository: {} }, ["repository.full_name"]],
    ["deployment_status", deployment({ id: 1.5, state: 7 }), ["deployment_status.id", "deployment_status.state"]],
    ["deployment_status", deployment({ id: 2 ** 60 }), ["deployment_status.id"]],
    ["release", release("published", { id: " ", tag_name: null }), ["release.id", "release.tag_name"]],
    ["push", push({ before: undefined }), ["before"]],
    ["workflow_run", [], ["repository.full_name", "workflow_run.id", "action"]],
    ["push", null, ["repository.full_name", "ref", "before", "after"]],
  ])("%s that lacks needed fields is invalid: %#", (event, body, paths) => {
    const reading = read(body, as(event));
    expect("invalid" in reading && reading.invalid.map(({ path }) => path)).toEqual(paths);
  });

  test.each([deployment(), release(), push(), run()])(
    "is recognized by its fields if the header is missing: %#",
    (body) => {
      expect(read(body)).toHaveProperty("change");
    },
  );

  test("counts once if its id is a text, because it is the same id", () => {
    expect(changeOf(read(deployment({ id: "209916254" }), as("deployment_status"))).id).toBe(
      "deployment_status:acme/api:209916254",
    );
  });

  test("gives three changes for a rollback A, B, A", () => {
    const ids = [
      push(),
      push({ before: sha, after: "b".repeat(40) }),
      push({ before: "b".repeat(40), after: sha }),
    ].map((body) => changeOf(read(body, as("push"))).id);
    expect(new Set(ids).size).toBe(3);
  });
});

describe("filters of a GitHub source", () => {
  test.each([
    [{ environments: ["staging"] }, "deployment_status", deployment(), "environment"],
    [{ environments: ["Prod*"] }, "deployment_status", deployment(), undefined],
    [{ environments: ["production"] }, "push", push(), undefined],
    [{ branches: ["main"] }, "push", push(), undefined],
    [{ branches: ["main"] }, "push", push({ ref: "refs/heads/feature" }), "branch"],
    [{ branches: ["main"] }, "push", push({ ref: "refs/tags/main" }), "branch"],
    [{ branches: ["refs/tags/*"] }, "push", push({ ref: "refs/tags/v1" }), undefined],
    [{ branches: ["main"] }, "workflow_run", run({ head_repository: { full_name: "eve/api" } }), "branch"],
    [{ states: ["in_progress"] }, "deployment_status", deployment({ state: "in_progress" }), undefined],
    [{ states: ["success"] }, "deployment_status", deployment({ state: "failure" }), "state"],
    [{ states: ["deleted"] }, "push", push({ deleted: true }), undefined],
  ])("%j decides about %s: %#", (filters, event, body, word) => {
    const reading = readerOf({ type: "github", filters })(body, as(event));
    expect(JSON.stringify(reading)).toContain(word === undefined ? `{"change":` : `{"ignored":"the ${word} `);
  });

  test("labels of the configuration replace those of the event", () => {
    const labelled = readerOf({ type: "github", labels: { service: "payments", team: "a" } });
    expect(changeOf(labelled(push(), as("push"))).labels).toMatchObject({
      service: "payments",
      team: "a",
      branch: "main",
    });
  });
});
