import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJson } from "./any-json.fixture.ts";
import { readerOf } from "./change-source.fixture.ts";

/** Names that readers look at, so that random bodies reach their code. */
const names =
  "action after application before body commit commits conclusion created deleted deployment deployment_id deployment_status destination environment finishedAt head_commit head_repository id images involvedObject kind labels message metadata name namespace object_attributes object_kind path_with_namespace phase project pushed_at reason ref release repository revision sha startedAt state status tag tag_name timestamp uid user workflow workflow_run __proto__ constructor";
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "deployment",
    "pipeline",
    "release",
    "completed",
    "success",
    "Kustomization",
    "2026-11-30T12:00:00Z",
    "acme/api",
    "\ud800",
    "\0",
  ),
);
const json = anyJson(names.split(" "), text);

/** Bodies with every needed field, and random values everywhere else. */
const complete = {
  github: fc.record({
    repository: fc.record({ full_name: text, name: json, html_url: json, pushed_at: json }),
    action: fc.constantFrom("completed", "published", "created"),
    deployment_status: fc.record({ id: fc.integer(), state: text, creator: json, created_at: json }),
    deployment: json,
    release: fc.record({ id: fc.integer(), tag_name: text, target_commitish: json, body: json }),
    workflow_run: fc.record({ id: fc.integer(), conclusion: text, head_branch: json, run_attempt: json }),
    ref: text,
    before: text,
    after: text,
    commits: json,
    head_commit: json,
  }),
  gitlab: fc.record({
    object_kind: fc.constantFrom("deployment", "pipeline", "release"),
    project: fc.record({ path_with_namespace: text }),
    deployment_id: fc.integer(),
    status: text,
    id: fc.integer(),
    tag: text,
    action: text,
    object_attributes: fc.record({ id: fc.integer(), status: text, ref: json, tag: json, sha: json }),
    commit_url: json,
    user: json,
  }),
  argocd: fc.record({
    application: text,
    phase: text,
    startedAt: text,
    revision: text,
    repository: text,
    images: json,
  }),
  flux: fc.record({
    involvedObject: fc.record({ uid: text, kind: text, name: text, apiVersion: json, namespace: json }),
    reason: text,
    message: text,
    metadata: json,
    timestamp: json,
  }),
  generic: fc.record({ name: text, labels: json, timestamp: json, state: json, path: json }),
};

const template = {
  summary: "{{ body.name }} {{ body.labels | json }}",
  timestamp: "{{ body.timestamp }}",
  labels: { a: "{{ body.state | upcase | truncate: 5 }}" },
  links: [{ href: "https://{{ body.path }}" }],
  customDetails: { all: "{{ body | json }}", first: "{{ body[0] | split: ' ' | last }}" },
};

describe.each(Object.entries(complete))("%s", (type, body) => {
  test("reads any JSON without an exception, and makes valid changes only", () => {
    const settings = { type: type as "github", name: "any", ...(type === "generic" && { template }) };
    const read = readerOf({ ...settings, filters: { states: ["*"] } });
    const event = fc.constantFrom(undefined, "deployment_status", "release", "push", "workflow_run", "ping", "issues");
    let changes = 0;
    fc.assert(
      fc.property(fc.oneof(json, body), event, (value, kind) => {
        const reading = read(value, { headers: kind === undefined ? {} : { "x-github-event": kind } });
        if ("ignored" in reading) return reading.ignored.trim() !== "";
        if ("invalid" in reading) return reading.invalid.length > 0;
        changes++;
        const { id, summary, source, timestampMs, labels, links, customDetails } = reading.change;
        for (const line of [id, summary, source, ...Object.values(labels)]) {
          expect(line.trim()).not.toBe("");
          expect(line.isWellFormed()).toBe(true);
          expect(line).not.toMatch(/[\r\n\0]/);
        }
        expect([id.length <= 206, summary.length <= 1_000, Number.isSafeInteger(timestampMs)]).toEqual([
          true,
          true,
          true,
        ]);
        for (const { href } of links) expect(new URL(href).protocol).toMatch(/^https?:$/);
        expect((JSON.stringify(customDetails) ?? "").length).toBeLessThan(110_000);
        return true;
      }),
      { numRuns: 3_000 },
    );
    expect(changes).toBeGreaterThan(100);
  });
});
