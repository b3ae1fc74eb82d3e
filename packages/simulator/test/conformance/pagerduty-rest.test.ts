import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import { otherRoutingKey, post, resolve, TestClock, trigger } from "../requests.ts";

/** The REST look-ups that two-way sync needs, as their reference sheet has them. */

const headers = {
  authorization: "Token token=y_NbAkKc66ryYTWUXYEu",
  "content-type": "application/json",
  from: "oncall@example.com",
};

const setUp = () => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock });
  const call = (method: string, path: string, body?: unknown, given: Record<string, string> = headers) => {
    const answer = simulator.handle({
      method,
      path,
      headers: given,
      body: body === undefined ? "" : JSON.stringify(body),
    });
    return {
      status: answer.status,
      headers: answer.headers,
      body: (answer.body === "" ? {} : JSON.parse(answer.body)) as Body,
    };
  };
  return { clock, simulator, call };
};

interface Body {
  readonly incidents?: readonly Record<string, unknown>[];
  readonly incident?: Record<string, unknown>;
  readonly alerts?: readonly Record<string, unknown>[];
  readonly error?: { readonly code: number; readonly message: string };
  readonly [name: string]: unknown;
}

const change = (status: string) => ({ incident: { type: "incident_reference", status } });

describe("authorization", () => {
  test.each<[string, Record<string, string>]>([
    ["none", {}],
    ["another form", { authorization: "token abc" }],
  ])("%s: 401 with code 2006", (_, given) => {
    expect(setUp().call("GET", "/incidents", undefined, given)).toMatchObject({
      status: 401,
      body: { error: { code: 2006 } },
    });
  });

  test("Bearer is fine too", () => {
    expect(setUp().call("GET", "/incidents", undefined, { authorization: "Bearer abc" }).status).toBe(200);
  });
});

describe("looking up", () => {
  test("incident_key finds the incidents whose alerts have it", () => {
    const { simulator, call } = setUp();
    for (const key of ["a", "b", "b"]) simulator.handle(trigger(key));
    const { body } = call("GET", "/incidents?incident_key=b");
    expect(body.incidents).toMatchObject([{ status: "triggered", urgency: "high", incident_key: null }]);
  });

  test("an empty incident_key returns every open incident", () => {
    const { simulator, call } = setUp();
    for (const key of ["a", "b"]) simulator.handle(trigger(key));
    simulator.handle(resolve("a"));
    expect(call("GET", "/incidents?incident_key=").body.incidents).toHaveLength(1);
    expect(call("GET", "/incidents").body.incidents).toHaveLength(2);
  });

  test("goes back a month, unless date_range is all", () => {
    const { clock, simulator, call } = setUp();
    simulator.handle(trigger("a"));
    clock.advance(31 * 86_400_000);
    expect(call("GET", "/incidents").body.incidents).toHaveLength(0);
    expect(call("GET", "/incidents?date_range=all").body.incidents).toHaveLength(1);
  });

  test("pages by limit, at most 100, and offset; selects by status", () => {
    const { simulator, call } = setUp();
    for (let index = 0; index < 30; index += 1) simulator.handle(trigger(`k${index}`));
    simulator.handle(resolve("k0"));
    expect(call("GET", "/incidents").body).toMatchObject({ limit: 25, more: true });
    expect(call("GET", "/incidents?offset=25").body).toMatchObject({ more: false, incidents: { length: 5 } });
    expect(call("GET", "/incidents?limit=101").status).toBe(400);
    expect(call("GET", "/incidents?statuses[]=resolved&statuses[]=acknowledged").body.incidents).toHaveLength(1);
  });

  test("in the order asked for, of some services, and none beyond 10,000", () => {
    const { simulator, call } = setUp();
    for (const key of ["a", "b"]) simulator.handle(trigger(key));
    simulator.handle(trigger("c", { key: otherRoutingKey }));
    const idsOf = (query: string) => call("GET", `/incidents?${query}`).body.incidents?.map(({ id }) => id);
    const [a, b, c] = simulator.incidents().map(({ id }) => id);
    expect(idsOf("sort_by=created_at:asc")).toEqual([a, b, c]);
    expect(idsOf("sort_by=created_at:desc")).toEqual([c, b, a]);
    const service = call("GET", `/incidents/${a}`).body.incident!["service"] as { id: string };
    expect(idsOf(`service_ids[]=${service.id}`)).toEqual([a, b]);
    expect(call("GET", "/incidents?offset=9901&limit=100")).toMatchObject({
      status: 400,
      body: { error: { code: 2001 } },
    });
    expect(call("GET", "/incidents?offset=-1").status).toBe(400);
  });

  test("pages of alerts, and of those with a status", () => {
    const { simulator, call } = setUp();
    simulator.handle(trigger("a"));
    const path = `/incidents/${simulator.incidents()[0]?.id}/alerts`;
    expect(call("GET", `${path}?limit=1&offset=1`).body).toMatchObject({
      alerts: [],
      limit: 1,
      offset: 1,
      more: false,
    });
    expect(call("GET", `${path}?statuses[]=resolved`).body.alerts).toEqual([]);
    expect(call("GET", `${path}?limit=101`).status).toBe(400);
  });

  test("who changed the status last, and when", () => {
    const { clock, simulator, call } = setUp();
    for (const key of ["a", "b"]) simulator.handle(trigger(key));
    clock.advance(60_000);
    const [a, b] = simulator.incidents().map(({ id }) => id) as [string, string];
    simulator.resolve(a);
    simulator.handle(resolve("b"));
    const changed = (id: string) => call("GET", `/incidents/${id}`).body.incident;
    const at = { last_status_change_at: "2026-01-01T00:01:00.000Z" };
    expect(changed(a)).toMatchObject({ ...at, last_status_change_by: { type: "user_reference" } });
    expect(changed(b)).toMatchObject({ ...at, last_status_change_by: { type: "service_reference" } });
  });

  test.each([
    ["application/vnd.pagerduty+json;version=2", 200],
    ["application/json", 200],
    ["application/vnd.pagerduty+json;version=1", 400],
  ])("in the version of Accept: %s", (accept, status) => {
    expect(setUp().call("GET", "/incidents", undefined, { ...headers, accept }).status).toBe(status);
  });

  test("one by id or number, and its alert by alert_key", () => {
    const { simulator, call } = setUp();
    simulator.handle(trigger("a"));
    const id = simulator.incidents()[0]?.id ?? "";
    for (const name of [id, "1"]) expect(call("GET", `/incidents/${name}`).body.incident).toMatchObject({ id });
    const { body } = call("GET", `/incidents/${id}/alerts?alert_key=a`);
    expect(body.alerts).toMatchObject([
      { alert_key: "a", status: "triggered", severity: "critical", suppressed: false },
    ]);
    expect(call("GET", `/incidents/${id}/alerts/${String(body.alerts?.[0]?.["id"])}`).status).toBe(200);
    expect(call("GET", `/incidents/${id}/alerts?alert_key=b`).body.alerts).toEqual([]);
    expect(call("GET", "/incidents/QNOBODY")).toMatchObject({ status: 404, body: { error: { code: 2100 } } });
  });
});

describe("changing", () => {
  test("acknowledges, resolves and reopens; alerts know only triggered and resolved", () => {
    const { simulator, call } = setUp();
    simulator.handle(trigger("a"));
    const id = simulator.incidents()[0]?.id ?? "";
    const alertStatus = () => call("GET", `/incidents/${id}/alerts`).body.alerts?.[0]?.["status"];
    const seen = ["acknowledged", "resolved", "triggered"].map((status) => [
      call("PUT", `/incidents/${id}`, change(status)).body.incident?.["status"],
      alertStatus(),
    ]);
    expect(seen).toEqual([
      ["acknowledged", "triggered"],
      ["resolved", "resolved"],
      ["triggered", "triggered"],
    ]);
    simulator.handle(trigger("a"));
    expect(simulator.incidents()).toHaveLength(1);
  });

  test("refuses what is so already, what it does not know, and whom it does not know", () => {
    const { simulator, call } = setUp();
    simulator.handle(trigger("a"));
    const path = `/incidents/${simulator.incidents()[0]?.id}`;
    const put = (body: unknown, given = headers) => call("PUT", path, body, given).body.error?.code;
    put(change("acknowledged"));
    expect(put(change("acknowledged"))).toBe(1002);
    put(change("resolved"));
    expect(put(change("resolved"))).toBe(1001);
    expect(put(change("burning"))).toBe(2001);
    expect(put({ incident: { status: "triggered" } })).toBe(2001);
    expect(put(change("triggered"), { ...headers, from: "" })).toBe(2001);
  });

  test("many at a time, 250 at most, all or none", () => {
    const { simulator, call } = setUp();
    for (const key of ["a", "b"]) simulator.handle(trigger(key));
    const incidents = simulator.incidents().map(({ id }) => ({ id, type: "incident_reference", status: "resolved" }));
    expect(call("PUT", "/incidents", { incidents: [...incidents, { ...incidents[0], id: "Q0" }] }).status).toBe(404);
    expect(simulator.incidents().map((row) => row.status)).toEqual(["triggered", "triggered"]);
    expect(call("PUT", "/incidents", { incidents }).body.incidents).toHaveLength(2);
    expect(call("PUT", "/incidents", { incidents: Array.from({ length: 251 }, () => incidents[0]) }).status).toBe(413);
  });
});

test("the limit of 960 a minute shows in the headers, its 429 has code 2020", () => {
  const { simulator, call } = setUp();
  expect(call("GET", "/incidents").headers).toMatchObject({
    "ratelimit-limit": "960",
    "ratelimit-remaining": "959",
    "ratelimit-reset": "60",
  });
  simulator.setLimit({ receiver: "pagerduty_rest", limit: 1 });
  expect(call("GET", "/incidents")).toMatchObject({
    status: 429,
    headers: { "ratelimit-limit": "1", "ratelimit-remaining": "0", "ratelimit-reset": "60" },
    body: { error: { message: "Rate Limit Exceeded", code: 2020 } },
  });
});

test("the control API is not the REST API, and neither is any other path", () => {
  const { simulator } = setUp();
  expect(simulator.handle(post("/services/x", {})).status).toBe(404);
  expect(simulator.handle({ method: "GET", path: "/incidentsx", headers, body: "" }).status).toBe(404);
});
