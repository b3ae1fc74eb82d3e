import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startService } from "../../../service.fixture.ts";

const secret = "It's a Secret to Everybody";

interface Sample {
  readonly [field: string]: any;
}

/** All bodies of an event in the package, of GitHub and of all versions of its server. */
const samples = ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"].flatMap((version) => {
  const file = new URL(import.meta.resolve(`@octokit/webhooks-examples/${version}/index.json`));
  const events = JSON.parse(readFileSync(file, "utf8")) as { name: string; examples: Sample[] }[];
  return ["deployment_status", "release", "push", "workflow_run"].flatMap((name) =>
    (events.find((event) => event.name === name)?.examples ?? []).map((body) => ({ version, name, body })),
  );
});

/** The reason why a sample is ignored, from GitHub's documentation of its fields. Undefined: it is a change. */
function ignoredBecause(name: string, body: Sample): string | undefined {
  const isFinal = {
    deployment_status: ["success", "failure", "error"].includes(body["deployment_status"]?.state),
    release: body["action"] === "published",
    push: body["deleted"] === false,
    workflow_run: body["action"] === "completed" && typeof body["workflow_run"]?.conclusion === "string",
  }[name];
  if (isFinal === true) return undefined;
  return name === "workflow_run" ? "has not ended" : "is not final";
}

test("the samples of GitHub are complete", () => {
  const counts = Map.groupBy(samples, ({ version, name }) => `${version} ${name}`);
  expect(Object.fromEntries([...counts].map(([key, of]) => [key, of.length]))).toMatchObject({
    "api.github.com deployment_status": 4,
    "api.github.com release": 13,
    "api.github.com push": 7,
    "api.github.com workflow_run": 5,
  });
  expect(counts.size).toBe(24);
});

test("the samples of GitHub are accepted or ignored with the right reason, and each accepted one is a valid change at the receiver", async () => {
  await using service = await startService((url) => ({
    // A key that begins with R takes no changes.
    targets: [{ name: "pager", type: "pagerduty", url, routing_key: "c0ffee0123456789abcdefABCDEF0123" }],
    changes: { sources: [{ name: "github", type: "github", secrets: [secret] }] },
  }));
  const ids = new Set<string>();
  const decided: Record<string, number> = {};
  for (const { name, body } of samples) {
    const text = JSON.stringify(body);
    const answer = await service.ask("POST", "/api/v1/changes/from/github", text, {
      "x-github-event": name,
      "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(text).digest("hex")}`,
    });
    const reason = ignoredBecause(name, body);
    expect([answer.status, answer.text]).toEqual([
      202,
      expect.stringContaining(reason === undefined ? '{"ids":["' : reason),
    ]);
    for (const id of answer.body.ids ?? []) ids.add(id);
    const key = `${name} ${reason === undefined ? "accepted" : "ignored"}`;
    decided[key] = (decided[key] ?? 0) + 1;
  }
  expect(decided).toEqual({
    "deployment_status accepted": expect.any(Number),
    "deployment_status ignored": expect.any(Number),
    "release accepted": expect.any(Number),
    "release ignored": expect.any(Number),
    "push accepted": expect.any(Number),
    "push ignored": expect.any(Number),
    "workflow_run accepted": expect.any(Number),
    "workflow_run ignored": expect.any(Number),
  });
  expect(ids.size).toBeGreaterThan(4);
  const received = await service.until("all changes are sent", () =>
    service.simulator.changes().length >= ids.size ? service.simulator.changes() : undefined,
  );
  expect(received.length).toBe(ids.size);
  expect(service.simulator.refused()).toEqual([]);
  expect(received.map(({ summary }) => summary)).toContain(
    "Deployed Hello-World f95f852 to production by Codertocat (Codertocat/Hello-World)",
  );
});
