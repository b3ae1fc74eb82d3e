import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import type { SimulatorRequest } from "../../src/index.ts";
import { post, TestClock } from "../requests.ts";

/** Rootly's REST API, rule by rule, as its reference sheet has them. */

const teamToken = "rootly-api-key-of-a-team";
const headers = { authorization: `Bearer ${teamToken}`, "content-type": "application/vnd.api+json" };

const call = (simulator: Simulator, method: string, path: string, attributes?: unknown, type = "alerts") => {
  const request: SimulatorRequest = {
    method,
    path,
    headers,
    body: attributes === undefined ? "" : JSON.stringify({ data: { type, attributes } }),
  };
  const answer = simulator.handle(request);
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.body) as Document };
};

interface Document {
  readonly data: { readonly id: string; readonly attributes: Record<string, unknown> };
  readonly errors?: readonly { readonly title: string; readonly status: string; readonly detail: string }[];
}

const create = (simulator: Simulator, attributes: unknown = { summary: "disk full", status: "triggered" }) =>
  call(simulator, "POST", "/v1/alerts", attributes);

const alertOf = (severity: string) => ({
  summary: `it is ${severity}`,
  deduplication_key: "a",
  labels: [{ key: "severity", value: severity }],
});

describe("alerts", () => {
  test("are created with 201; only a summary is needed", () => {
    const { status, body } = create(new Simulator(), { summary: "disk full" });
    expect([status, body.data]).toMatchObject([
      201,
      { type: "alerts", attributes: { summary: "disk full", source: "api" } },
    ]);
  });

  test.each<[string, Record<string, string>]>([
    ["no token", { "content-type": "application/vnd.api+json" }],
    ["another scheme", { ...headers, authorization: "Token x" }],
  ])("with %s: 401", (_, given) => {
    const answer = new Simulator().handle(post("/v1/alerts", { data: {} }, given));
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([401, { errors: [{ status: "401" }] }]);
  });

  test("with an unknown token, once the known ones are named: 401", () => {
    const simulator = new Simulator();
    simulator.setKeys(["another"], "rootly");
    expect(create(simulator).status).toBe(401);
    simulator.setKeys([teamToken], "rootly");
    expect(create(simulator).status).toBe(201);
  });

  test("with plain JSON as content type: 415", () => {
    const answer = new Simulator().handle(post("/v1/alerts", {}, { ...headers, "content-type": "application/json" }));
    expect(answer.status).toBe(415);
  });

  test.each<[string, unknown, string]>([
    ["no summary", { description: "x" }, "data.attributes.summary"],
    ["an unknown attribute", { summary: "x", severity: "high" }, "data.attributes.severity"],
    ["status resolved", { summary: "x", status: "resolved" }, "data.attributes.status"],
    ["labels as an object", { summary: "x", labels: { a: "b" } }, "data.attributes.labels"],
    ["a label without value", { summary: "x", labels: [{ key: "a" }] }, "data.attributes.labels[0].value"],
    ["no notification targets", { summary: "x", notification_targets: [] }, "data.attributes.notification_targets"],
  ])("with %s: 422 naming the attribute", (_, attributes, field) => {
    const simulator = new Simulator();
    const { status, body } = create(simulator, attributes);
    expect([status, body.errors?.[0]]).toMatchObject([422, { title: "Unprocessable Entity", status: "422" }]);
    expect(simulator.refused()).toMatchObject([{ status: 422, field }]);
  });

  test("flat JSON is refused: data.type and data.attributes are needed", () => {
    const simulator = new Simulator();
    const answer = simulator.handle(post("/v1/alerts", { summary: "x" }, headers));
    expect([answer.status, simulator.refused()]).toMatchObject([422, [{ field: "data" }]]);
  });

  test("take labels of strings, numbers and booleans, and null where it is allowed", () => {
    const labels = [
      { key: "severity", value: "critical" },
      { key: "shard", value: 7 },
      { key: "prod", value: true },
    ];
    const simulator = new Simulator();
    expect(create(simulator, { summary: "x", labels, description: null, noise: null }).status).toBe(201);
    expect(simulator.incidents()).toMatchObject([{ receiver: "rootly", severity: "critical" }]);
  });

  test("with one deduplication key are one alert, until it is resolved", () => {
    const simulator = new Simulator();
    const alert = { summary: "x", status: "triggered", deduplication_key: "a" };
    const [first, second] = [create(simulator, alert), create(simulator, alert)];
    expect(second.body.data.id).toBe(first.body.data.id);
    call(simulator, "POST", `/v1/alerts/${first.body.data.id}/resolve`);
    expect(create(simulator, alert).body.data.id).not.toBe(first.body.data.id);
    expect(simulator.incidents().map((row) => [row.dedup_key, row.status])).toEqual([
      ["a", "resolved"],
      ["a", "triggered"],
    ]);
  });

  test("that are duplicates change nothing of the open one; an update does", () => {
    const simulator = new Simulator();
    create(simulator, alertOf("warning"));
    const { body } = create(simulator, alertOf("critical"));
    expect(body.data.attributes).toMatchObject({ summary: "it is warning", labels: [{ value: "warning" }] });
    const { deduplication_key: _, ...changes } = alertOf("critical");
    call(simulator, "PATCH", `/v1/alerts/${body.data.id}`, changes);
    expect(simulator.incidents()).toMatchObject([{ severity: "critical", summary: "it is critical" }]);
  });

  test("without a deduplication key are each another", () => {
    const simulator = new Simulator();
    create(simulator);
    create(simulator);
    expect(simulator.incidents()).toHaveLength(2);
  });

  test("are open and page no one until a target is assigned", () => {
    const simulator = new Simulator();
    expect(create(simulator, { summary: "x" }).body.data.attributes["status"]).toBe("open");
    const paging = { summary: "x", notification_target_type: "Service", notification_target_id: "s1" };
    expect(create(simulator, paging).body.data.attributes["status"]).toBe("triggered");
    const several = { summary: "x", notification_targets: [{ type: "User", id: "u1" }] };
    expect(create(simulator, several).body.data.attributes["status"]).toBe("triggered");
  });

  test("are acknowledged with 200 when triggered, refused with 400 when open, 404 when unknown", () => {
    const simulator = new Simulator();
    const triggered = create(simulator).body.data.id;
    const open = create(simulator, { summary: "x" }).body.data.id;
    expect(call(simulator, "POST", `/v1/alerts/${triggered}/acknowledge`)).toMatchObject({
      status: 200,
      body: { data: { attributes: { status: "acknowledged" } } },
    });
    expect(call(simulator, "POST", `/v1/alerts/${open}/acknowledge`).status).toBe(400);
    expect(call(simulator, "POST", "/v1/alerts/nobody/acknowledge").status).toBe(404);
  });

  test("are resolved with or without a body, which sets ended_at", () => {
    const simulator = new Simulator();
    for (const attributes of [undefined, { resolution_message: "fixed", resolve_related_incidents: true }]) {
      const { id } = create(simulator).body.data;
      const { status, body } = call(simulator, "POST", `/v1/alerts/${id}/resolve`, attributes);
      expect([status, body.data.attributes["status"]]).toEqual([200, "resolved"]);
      expect(body.data.attributes["ended_at"]).toBeTypeOf("string");
    }
  });

  test("are updated by PATCH, not by PUT, and not in status or targets", () => {
    const simulator = new Simulator();
    const { id } = create(simulator).body.data;
    expect(call(simulator, "PUT", `/v1/alerts/${id}`, { summary: "y" }).status).toBe(405);
    expect(call(simulator, "PATCH", `/v1/alerts/${id}`, { status: "triggered" }).status).toBe(422);
    const { status, body } = call(simulator, "PATCH", `/v1/alerts/${id}`, { summary: "y", description: "more" });
    expect([status, body.data.attributes]).toMatchObject([200, { summary: "y", description: "more" }]);
    expect(call(simulator, "GET", `/v1/alerts/${id}`).body.data.attributes).toMatchObject({ summary: "y" });
  });

  test("are snoozed for 1 to 10,080 minutes", () => {
    const simulator = new Simulator();
    const { id } = create(simulator).body.data;
    const snooze = (delay_minutes: unknown) =>
      call(simulator, "POST", `/v1/alerts/${id}/snooze`, { delay_minutes }).status;
    expect([0, 1, 10_080, 10_081, 1.5].map(snooze)).toEqual([422, 200, 200, 422, 422]);
  });

  test("are escalated by a body or without one, unless resolved", () => {
    const simulator = new Simulator();
    const { id } = create(simulator).body.data;
    expect(call(simulator, "POST", `/v1/alerts/${id}/escalate`).status).toBe(200);
    expect(call(simulator, "POST", `/v1/alerts/${id}/escalate`, { escalation_policy_level: 0 }).status).toBe(422);
    call(simulator, "POST", `/v1/alerts/${id}/resolve`);
    expect(call(simulator, "POST", `/v1/alerts/${id}/escalate`).status).toBe(400);
  });

  test("are listed by page and by status, and only one's own", () => {
    const simulator = new Simulator();
    for (let index = 0; index < 3; index += 1) create(simulator);
    create(simulator, { summary: "open" });
    const list = (query: string) =>
      call(simulator, "GET", `/v1/alerts?${query}`).body as unknown as {
        data: unknown[];
        meta: Record<string, unknown>;
      };
    expect(list("filter[status]=triggered").data).toHaveLength(3);
    expect(list("page[size]=3&page[number]=2")).toMatchObject({
      data: [{ attributes: { status: "open" } }],
      meta: { current_page: 2, next_page: null, prev_page: 1, total_count: 4, total_pages: 2 },
    });
    expect(list("filter[status][not_eq]=triggered&filter[source][eq]=api").data).toHaveLength(1);
    expect(list("filter[status][in]=open,acknowledged").data).toHaveLength(1);
    expect(list("filter[source][not_eq]=api").data).toEqual([]);
    const first = list("page[size]=3");
    // An alert that resolves between two pages must not hide another one.
    call(simulator, "POST", `/v1/alerts/${(first.data[0] as { id: string }).id}/resolve`);
    const query = `filter[status][not_eq]=resolved&page[size]=3&page[after]=${String(first.meta["next_cursor"])}`;
    expect(list(query)).toMatchObject({ data: [{ attributes: { status: "open" } }], meta: { next_cursor: null } });
    const other = simulator.handle({
      method: "GET",
      path: "/v1/alerts",
      headers: { authorization: "Bearer other" },
      body: "",
    });
    expect(JSON.parse(other.body).data).toEqual([]);
  });
});

describe("limits", () => {
  test("alert creation takes 50 a minute and key; the 429 has a body of its own shape", () => {
    const clock = new TestClock();
    const simulator = new Simulator({ clock });
    const statuses = Array.from({ length: 51 }, () => create(simulator).status);
    expect([statuses.filter((one) => one === 201).length, statuses.at(-1)]).toEqual([50, 429]);
    expect(create(simulator).body).toEqual({ error: "Rate limit exceeded. Try again later." });
    expect(call(simulator, "GET", "/v1/alerts").status).toBe(200);
    clock.advance(60_000);
    expect(create(simulator).status).toBe(201);
  });

  test("every answer says how much of the limit is used", () => {
    const clock = new TestClock();
    const { headers: said } = create(new Simulator({ clock }));
    expect(said).toMatchObject({
      "x-ratelimit-limit": "50, 50;window=60",
      "x-ratelimit-remaining": "49",
      "x-ratelimit-used": "1",
      "x-ratelimit-reset": String(clock.nowMs / 1000 + 60),
    });
  });
});

describe("incidents", () => {
  test("are created with 201 and need nothing; there is no idempotency", () => {
    const simulator = new Simulator();
    const [first, second] = [1, 2].map(() => call(simulator, "POST", "/v1/incidents", {}, "incidents"));
    expect(first?.status).toBe(201);
    expect(second?.body.data.id).not.toBe(first?.body.data.id);
    expect(simulator.incidents()).toHaveLength(2);
  });

  test("take labels as an object, and refuse unknown attributes: 422", () => {
    const simulator = new Simulator();
    const status = (attributes: unknown) => call(simulator, "POST", "/v1/incidents", attributes, "incidents").status;
    expect([{ labels: { a: "b" } }, { labels: [] }, { colour: 1 }, { status: "burning" }].map(status)).toEqual([
      201, 422, 422, 422,
    ]);
  });

  test("are moved by PUT with a body: mitigate, resolve, cancel", () => {
    const simulator = new Simulator();
    for (const [verb, expected, status] of [
      ["mitigate", "mitigated", "acknowledged"],
      ["resolve", "resolved", "resolved"],
      ["cancel", "cancelled", "resolved"],
    ] as const) {
      const { id } = call(simulator, "POST", "/v1/incidents", { title: "x" }, "incidents").body.data;
      const { body } = call(simulator, "PUT", `/v1/incidents/${id}/${verb}`, {}, "incidents");
      expect(body.data.attributes["status"]).toBe(expected);
      expect(simulator.incidents().at(-1)?.status).toBe(status);
      expect(call(simulator, "POST", `/v1/incidents/${id}/${verb}`, {}, "incidents").status).toBe(405);
    }
  });

  test("name their severity by id, which the list of severities gives", () => {
    const simulator = new Simulator();
    const { body } = call(simulator, "GET", "/v1/severities");
    expect(
      (body.data as unknown as { attributes: { severity: string } }[]).map((one) => one.attributes.severity),
    ).toEqual(["critical", "high", "medium", "low"]);
    expect(call(simulator, "GET", "/v1/alert_urgencies").status).toBe(200);
  });
});

test("there is no other path: 404 in the documented shape", () => {
  expect(call(new Simulator(), "GET", "/v1/teapots")).toMatchObject({
    status: 404,
    body: { errors: [{ status: "404" }] },
  });
});
