import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import { fingerprint } from "../../src/receivers/alertmanager/fingerprint.ts";
import { get, post, TestClock } from "../requests.ts";

/** Alertmanager's API v2, rule by rule, as its reference sheet has them. */

const setUp = () => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock });
  const send = (...alerts: unknown[]) => simulator.handle(post("/api/v2/alerts", alerts));
  const iso = (seconds: number): string => new Date(clock.nowMs + seconds * 1000).toISOString();
  return { clock, simulator, send, iso };
};

const labels = { alertname: "DiskFull", severity: "critical" };

describe("POST /api/v2/alerts", () => {
  test("answers 200 with an empty body, and opens what fires", () => {
    const { simulator, send, iso } = setUp();
    const answer = send({ labels, annotations: { summary: "disk full" }, startsAt: iso(-5), endsAt: iso(240) });
    expect([answer.status, answer.body]).toEqual([200, ""]);
    expect(simulator.incidents()).toMatchObject([
      {
        receiver: "alertmanager",
        dedup_key: fingerprint(labels),
        status: "triggered",
        severity: "critical",
        summary: "disk full",
      },
    ]);
  });

  test("takes an end that has passed as the resolve, and drops one of something unknown", () => {
    const { simulator, send, iso } = setUp();
    send({ labels, endsAt: iso(-1), startsAt: iso(-2) });
    expect(simulator.incidents()).toEqual([]);
    send({ labels });
    send({ labels, startsAt: iso(-5), endsAt: iso(-1) });
    expect(simulator.incidents()).toMatchObject([{ status: "resolved" }]);
  });

  test("takes the label set as identity: a repeat updates", () => {
    const { simulator, send } = setUp();
    send({ labels });
    send({ labels, annotations: { summary: "newer" } });
    send({ labels: { ...labels, instance: "b" } });
    expect(simulator.incidents().map((row) => [row.summary, row.events.length])).toEqual([
      ["newer", 2],
      ["DiskFull", 1],
    ]);
  });

  test("ends an alert without an end five minutes after its last repeat", () => {
    const { clock, simulator, send } = setUp();
    send({ labels });
    clock.advance(299_000);
    send({ labels });
    clock.advance(299_000);
    expect(simulator.incidents()).toMatchObject([{ status: "triggered" }]);
    clock.advance(1000);
    expect(simulator.incidents()).toMatchObject([{ status: "resolved", resolved_at: "2026-01-01T00:09:59.000Z" }]);
    send({ labels });
    expect(simulator.incidents()).toHaveLength(2);
  });

  test("removes labels with empty values first", () => {
    const { simulator, send } = setUp();
    send({ labels: { ...labels, instance: "" } });
    expect(simulator.incidents()[0]?.dedup_key).toBe(fingerprint(labels));
  });

  test("counts Go's zero time as absent", () => {
    const { simulator, send } = setUp();
    expect(send({ labels, endsAt: "0001-01-01T00:00:00Z" }).status).toBe(200);
    expect(simulator.incidents()).toMatchObject([{ status: "triggered" }]);
  });

  test.each<[string, unknown, string]>([
    ["no labels", {}, "[0].labels"],
    ["no label left", { labels: { a: "" } }, "[0].labels"],
    ["a label that is no string", { labels: { a: 1 } }, "[0].labels.a"],
    [
      "an end before the start",
      { labels, startsAt: "2026-01-02T00:00:00Z", endsAt: "2026-01-01T00:00:00Z" },
      "[0].endsAt",
    ],
    ["a word in place of a time", { labels, startsAt: "now" }, "[0].startsAt"],
  ])("%s: 400 with a JSON string", (_, alert, field) => {
    const { simulator, send } = setUp();
    const answer = send(alert);
    expect([answer.status, typeof JSON.parse(answer.body)]).toEqual([400, "string"]);
    expect(simulator.refused().map((row) => row.field)).toEqual([field]);
  });

  test("stores the valid members of a batch of which others are not", () => {
    const { simulator, send } = setUp();
    expect(send({ labels }, {}).status).toBe(400);
    expect(simulator.incidents()).toHaveLength(1);
  });

  test("takes an array and nothing else: 400", () => {
    const simulator = new Simulator();
    expect(simulator.handle(post("/api/v2/alerts", { labels })).status).toBe(400);
  });
});

test("GET /api/v2/alerts lists what is active; the probes answer 200", () => {
  const { simulator, send } = setUp();
  send({ labels });
  expect(JSON.parse(simulator.handle(get("/api/v2/alerts")).body)).toMatchObject([
    { labels, fingerprint: fingerprint(labels) },
  ]);
  for (const path of ["/-/healthy", "/-/ready"]) expect(simulator.handle(get(path)).status).toBe(200);
});

test.each([
  [{}, "cbf29ce484222325"],
  [{ name: "garland, briggs", fear: "love is not enough" }, "507a62d79ee76c9a"],
  [{ severity: "warning", job: "foo" }, "9266ef3da838ad95"],
  [{ alertname: "HighLatency", service: "café" }, "d43e9da3f4d34433"],
])("the fingerprint of %j is Prometheus's", (set, expected) => {
  expect(fingerprint(set as Record<string, string>)).toBe(expected);
});
