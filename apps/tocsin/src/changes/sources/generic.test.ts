import { describe, expect, test } from "vitest";
import { changeOf, readerOf, receivedAtMs } from "./change-source.fixture.ts";

const template = {
  summary: "{% if body.build.phase == 'FINALIZED' %}Built {{ body.name }} #{{ body.build.number }}{% endif %}",
  id: "{{ body.name }}-{{ body.build.number }}",
  source: "{{ body.build.url | split: '/' | first }}",
  timestamp: "{{ body.timestamp | default: '' }}",
  environment: "{{ body.build.parameters.env }}",
  branch: "{{ body.build.scm.branch | remove_first: 'origin/' }}",
  state: "{{ body.build.status }}",
  labels: { service: "{{ body.name }}", sha: "{{ body.build.scm.commit }}", team: "payments", none: " " },
  links: [
    { href: "{{ body.build.full_url }}", text: "Build" },
    { href: "{{ body.missing }}" },
    { href: "javascript:x" },
  ],
  customDetails: { number: "{{ body.build.number }}", fixed: 7, deep: ["{{ body.name }}", "{{ body.missing }}"] },
};
const build = (more = {}) => ({
  name: "payments",
  timestamp: 1_790_000_000,
  build: {
    number: 42,
    phase: "FINALIZED",
    status: "SUCCESS",
    url: "job/payments/42",
    full_url: "https://ci.example.com/job/payments/42/",
    parameters: { env: "production" },
    scm: { branch: "origin/main", commit: "abc1234" },
    ...more,
  },
});
const read = readerOf({ type: "generic", name: "jenkins", template });

describe("an event of a generic source", () => {
  test("becomes the change that the templates describe", () => {
    expect(changeOf(read(build()))).toEqual({
      id: "generic:payments-42",
      origin: "jenkins",
      summary: "Built payments #42",
      source: "job",
      timestampMs: 1_790_000_000_000,
      environment: "production",
      labels: { branch: "main", service: "payments", sha: "abc1234", team: "payments" },
      links: [{ href: "https://ci.example.com/job/payments/42/", text: "Build" }],
      customDetails: { number: "42", fixed: 7, deep: ["payments"] },
    });
  });

  test("has the hash of its body as id if the template of the id renders an object", () => {
    const byObject = readerOf({ type: "generic", name: "jenkins", template: { summary: "x", id: "{{ body.build }}" } });
    const first = changeOf(byObject(build()));
    expect(first.id).toMatch(/^generic:[\da-f]{64}$/);
    expect(changeOf(byObject(build({ number: 43 }))).id).not.toBe(first.id);
  });

  test("is ignored if its summary is blank", () => {
    expect(read(build({ phase: "STARTED" }))).toEqual({
      ignored: "the template of the summary is blank for this event",
    });
  });

  test.each([[{}], [[]], [{ build: {} }]])(
    "is ignored if the condition of its summary does not hold, and invalid if its summary reads a missing field: %j",
    (body) => {
      expect(read(body)).toHaveProperty("ignored");
      const strict = readerOf({ type: "generic", template: { summary: "Built {{ body.build.number }}" } });
      expect(strict(body)).toEqual({
        invalid: [{ path: "template.summary", message: expect.stringMatching(/^undefined variable/) }],
      });
    },
  );

  test.each([[null], ["text"], [7], [undefined]])("is invalid if its body is no object: %j", (body) => {
    expect(read(body)).toEqual({ invalid: [{ path: "", message: "expected a JSON object or list" }] });
  });

  test("needs nothing but a summary: its id is the hash of its body, its time that of the request", () => {
    const minimal = readerOf({ type: "generic", template: { summary: "Something changed" } });
    const [first, second] = [changeOf(minimal({ a: 1 })), changeOf(minimal({ a: 2 }))];
    expect(first).toEqual({
      id: expect.stringMatching(/^generic:[\da-f]{64}$/),
      origin: "generic",
      summary: "Something changed",
      source: "generic",
      timestampMs: receivedAtMs,
      labels: {},
      links: [],
    });
    expect(first.id).not.toBe(second.id);
    expect(changeOf(minimal({ a: 1 })).id).toBe(first.id);
  });

  test.each([
    [{ environments: ["staging"] }, "environment"],
    [{ branches: ["release/*"] }, "branch"],
    [{ states: ["FAILURE"] }, "state"],
    [{ states: ["success"] }, undefined],
  ])("is filtered by the texts of its templates: %j", (filters, word) => {
    const reading = readerOf({ type: "generic", template, filters })(build());
    expect(JSON.stringify(reading)).toContain(word === undefined ? `{"change":` : `{"ignored":"the ${word} `);
  });

  test("cannot reach the prototype of an object", () => {
    const reach = readerOf({
      type: "generic",
      template: { summary: "x", source: "{{ body.constructor.name }}", labels: { a: "{{ body.__proto__ }}" } },
    });
    expect(changeOf(reach({ a: 1 }))).toMatchObject({ source: "generic", labels: {} });
  });

  test("cannot take more steps than templates have: the summary fails, other fields are left out", () => {
    const loop = "{% for a in (1..10000) %}{% for b in (1..10000) %}x{% endfor %}{% endfor %}";
    expect(readerOf({ type: "generic", template: { summary: loop } })({})).toEqual({
      invalid: [{ path: "template.summary", message: expect.stringContaining("too many steps") }],
    });
    const { labels, source } = changeOf(
      readerOf({ type: "generic", template: { summary: "x", source: loop, labels: { a: "{{ body.a }}" } } })({
        a: "1",
      }),
    );
    expect({ labels, source }).toEqual({ labels: {}, source: "generic" });
  });

  test("has no details if they are too long", () => {
    const details = readerOf({ type: "generic", template: { summary: "x", customDetails: { all: "{{ body.a }}" } } });
    expect(changeOf(details({ a: "b" }))).toHaveProperty("customDetails");
    expect(changeOf(details({ a: "b".repeat(200_000) }))).not.toHaveProperty("customDetails");
  });
});
