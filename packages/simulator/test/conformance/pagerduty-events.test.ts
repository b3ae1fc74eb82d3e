import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import type { SimulatorRequest } from "../../src/index.ts";
import {
  acknowledge,
  change,
  get,
  routingKey,
  otherRoutingKey,
  post,
  resolve,
  TestClock,
  trigger,
} from "../requests.ts";

/** PagerDuty Events API v2, rule by rule, as its reference sheet has them. */

const event = {
  routing_key: routingKey,
  event_action: "trigger",
  dedup_key: "a",
  payload: { summary: "disk full", source: "web-1", severity: "critical" },
};

/** The event with one place changed: `with("payload.severity", "bad")`. `undefined` removes it. */
const changed = (path: string, value: unknown, from: unknown = event): Record<string, unknown> => {
  const copy = structuredClone(from) as Record<string, unknown>;
  const names = path.split(".");
  const last = names.pop() ?? "";
  const place = names.reduce<Record<string, unknown>>((at, name) => at[name] as Record<string, unknown>, copy);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
};

/** An event whose details are lists in lists. */
const nested = (levels: number): string =>
  JSON.stringify(changed("payload.custom_details", { a: "?" })).replace('"?"', "[".repeat(levels) + "]".repeat(levels));

const ask = (request: SimulatorRequest, simulator = new Simulator()) => {
  const answer = simulator.handle(request);
  return {
    status: answer.status,
    body: answer.body === "" ? undefined : (JSON.parse(answer.body) as Record<string, unknown>),
    refused: simulator.refused().map(({ status, field }) => [status, field]),
    simulator,
  };
};

const enqueue = (body: unknown, simulator?: Simulator) => ask(post("/v2/enqueue", body), simulator);

describe("endpoints", () => {
  test("POST /v2/enqueue answers 202 with status, message and dedup_key", () => {
    const { status, body } = enqueue(event);
    expect([status, body]).toEqual([202, { status: "success", message: "Event processed", dedup_key: "a" }]);
  });

  test("POST /v2/change/enqueue answers 202 with status and message", () => {
    const { status, body, simulator } = ask(change("deploy 7"));
    expect([status, body]).toEqual([202, { status: "success", message: "Change event processed" }]);
    expect(simulator.changes()).toMatchObject([{ receiver: "pagerduty", summary: "deploy 7" }]);
  });

  test.each(["/v2/events", "/v2/enqueue/", "/v2/v2/enqueue", "/enqueue", "/v2", "/v2/ENQUEUE", "/x"])(
    "there is no %s: 404",
    (path) => {
      expect(ask(post(path, event))).toMatchObject({ status: 404, refused: [[404, "path"]] });
    },
  );

  test.each(["GET", "PUT", "PATCH", "DELETE"])("%s is not POST: 405", (method) => {
    expect(ask({ ...post("/v2/enqueue", event), method })).toMatchObject({ status: 405, refused: [[405, "method"]] });
  });
});

describe("the request", () => {
  test.each([undefined, "text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json"])(
    "content type %s is not application/json: 400",
    (type) => {
      const headers = type === undefined ? {} : { "content-type": type };
      const { status, refused } = ask(post("/v2/enqueue", event, headers));
      expect([status, refused]).toEqual([400, [[400, "content-type"]]]);
    },
  );

  test("a charset in the content type is fine", () => {
    expect(ask(post("/v2/enqueue", event, { "content-type": "application/json; charset=utf-8" })).status).toBe(202);
  });

  test.each(["", "{", "null", "[]", '"text"', "17"])("the body %j is no event: 400, Unrecognized object", (source) => {
    const { status, body, refused } = ask(post("/v2/enqueue", source));
    expect(status).toBe(400);
    expect(body).toMatchObject({ status: "Unrecognized object", message: "Event object format is unrecognized" });
    expect(refused).toEqual([[400, "body"]]);
  });

  test("a body that is not UTF-8 is no event: 400", () => {
    const bytes = Buffer.from(JSON.stringify(changed("payload.summary", "naïve")), "latin1");
    expect(ask({ ...post("/v2/enqueue", ""), body: bytes })).toMatchObject({ status: 400, refused: [[400, "body"]] });
  });

  test("a body of 512,000 bytes is taken, one byte more is not: 400", () => {
    const room = 512_000 - Buffer.byteLength(JSON.stringify(changed("payload.custom_details", { text: "" })));
    const sized = (bytes: number) => changed("payload.custom_details", { text: "x".repeat(bytes) });
    expect(enqueue(sized(room)).status).toBe(202);
    expect(enqueue(sized(room + 1))).toMatchObject({ status: 400, refused: [[400, "body"]] });
  });

  test("a body nested 500 levels deep is taken, one of a hundred thousand is not: 400", () => {
    expect(ask(post("/v2/enqueue", nested(500))).status).toBe(202);
    expect(ask(post("/v2/enqueue", nested(100_000)))).toMatchObject({ status: 400, refused: [[400, "body"]] });
  });

  test("the size counts bytes, not characters", () => {
    expect(enqueue(changed("payload.custom_details", { text: "é".repeat(256_000) })).status).toBe(400);
  });
});

describe("the routing key", () => {
  test.each<[string, unknown, string]>([
    ["missing", undefined, "'routing_key' is missing or blank"],
    ["blank", "", "'routing_key' is missing or blank"],
    ["not a string", 17, "'routing_key' is missing or blank"],
    ["31 characters", routingKey.slice(1), "Length of 'routing_key' is incorrect (should be 32 characters)"],
    ["33 characters", `${routingKey}0`, "Length of 'routing_key' is incorrect (should be 32 characters)"],
    ["not alphanumeric", `${routingKey.slice(0, 31)}-`, "'routing_key' cannot contain non-alphanumeric characters."],
  ])("%s: 400 in the vendor's words", (_, key, says) => {
    const { status, body, refused } = enqueue(changed("routing_key", key));
    expect(status).toBe(400);
    expect(body).toEqual({ status: "invalid event", message: "Event object is invalid", errors: [says] });
    expect(refused).toEqual([[400, "routing_key"]]);
  });

  test("need not be hexadecimal, and may be upper-case", () => {
    expect(enqueue(changed("routing_key", "R028DIE06SNKNO6V5ACSLRV7Y0TUVG7T")).status).toBe(202);
  });

  test("is unknown once the known ones are named: 400, Invalid routing key", () => {
    const simulator = new Simulator();
    simulator.handle(post("/_sim/keys", { keys: [otherRoutingKey] }));
    expect(enqueue(event, simulator)).toMatchObject({ status: 400, body: { errors: ["Invalid routing key"] } });
    expect(enqueue(changed("routing_key", otherRoutingKey), simulator).status).toBe(202);
    simulator.handle(post("/_sim/keys", { keys: null }));
    expect(enqueue(event, simulator).status).toBe(202);
  });

  test("is never shown, only its hash", () => {
    const { simulator } = enqueue(event);
    simulator.handle(post("/v2/enqueue", changed("payload.severity", routingKey)));
    for (const path of ["incidents", "requests", "refused", "limits", "keys", "report", "faults", "overview"]) {
      expect(simulator.handle(get(`/_sim/${path}`)).body).not.toContain(routingKey);
    }
  });

  test("takes no change events for a ruleset: 400", () => {
    const { status, refused } = ask(change("deploy", "R028DIE06SNKNO6V5ACSLRV7Y0TUVG7T"));
    expect([status, refused]).toEqual([400, [[400, "routing_key"]]]);
  });
});

describe("fields", () => {
  test.each<[string, unknown]>([
    ["event_action", undefined],
    ["event_action", "Trigger"],
    ["event_action", "close"],
    ["dedup_key", 17],
    ["dedup_key", null],
    ["payload", undefined],
    ["payload", "text"],
    ["payload", null],
    ["payload.summary", undefined],
    ["payload.summary", ""],
    ["payload.summary", "   "],
    ["payload.summary", 17],
    ["payload.source", undefined],
    ["payload.source", ""],
    ["payload.severity", undefined],
    ["payload.severity", ""],
    ["payload.severity", "Critical"],
    ["payload.severity", "page"],
    ["payload.timestamp", "yesterday"],
    ["payload.timestamp", "2026-01-01"],
    ["payload.timestamp", "2026-13-01T00:00:00Z"],
    ["payload.timestamp", 1767225600],
    ["payload.component", 1],
    ["payload.group", {}],
    ["payload.class", []],
    ["payload.custom_details", "text"],
    ["payload.custom_details", []],
    ["client", 1],
    ["client_url", "not a url"],
    ["links", {}],
    ["images", "x"],
  ])("%s = %j breaks a rule: 400 naming the field", (path, value) => {
    const { status, body, refused } = enqueue(changed(path, value));
    expect(status).toBe(400);
    expect(body).toMatchObject({ status: "invalid event", message: "Event object is invalid" });
    expect(refused).toEqual([[400, path]]);
  });

  test.each<[string, unknown, string]>([
    ["links", [{ text: "no href" }], "links[0].href"],
    ["links", [{ href: "" }], "links[0].href"],
    ["links", [{ href: "/relative" }], "links[0].href"],
    ["links", [{ href: "https://example.com", text: 1 }], "links[0].text"],
    ["images", [{ alt: "no src" }], "images[0].src"],
    ["images", [{ src: "http://example.com/a.png" }], "images[0].src"],
    ["images", [{ src: "https://example.com/a.png" }, { src: "" }], "images[1].src"],
    ["images", [{ src: "https://example.com/a.png", href: "nowhere" }], "images[0].href"],
  ])("%s = %j breaks a rule: 400 naming the place", (path, value, field) => {
    expect(enqueue(changed(path, value))).toMatchObject({ status: 400, refused: [[400, field]] });
  });

  test.each<[string, unknown]>([
    ["payload.timestamp", "2015-07-17T08:42:58.315+0000"],
    ["payload.timestamp", "2026-01-01T00:00:00Z"],
    ["payload.timestamp", "2026-01-01T00:00:00.123456789+05:30"],
    ["payload.custom_details", { nested: { number: 0.75, list: [null] } }],
    ["payload.component", ""],
    ["links", []],
    ["links", [{ href: "http://example.com" }]],
    ["images", [{ src: "https://example.com/a.png", href: "https://example.com", alt: "a" }]],
    ["client_url", "https://monitoring.example.com"],
    ["unknown_field", "is ignored"],
  ])("%s = %j is fine", (path, value) => {
    expect(enqueue(changed(path, value)).status).toBe(202);
  });

  test("every broken rule is listed, not the first", () => {
    const { refused } = enqueue({ routing_key: "short", event_action: "trigger", payload: { severity: "bad" } });
    expect(refused.map(([, field]) => String(field)).toSorted()).toEqual([
      "payload.severity",
      "payload.source",
      "payload.summary",
      "routing_key",
    ]);
  });

  test("severity is named with what it may be, in the vendor's words", () => {
    expect(enqueue(changed("payload.severity", "Info")).body?.["errors"]).toEqual([
      "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
    ]);
  });

  test.each<[string, number, string]>([
    ["payload.summary", 1024, "x"],
    ["payload.summary", 1024, "🔥"],
    ["dedup_key", 255, "x"],
    ["dedup_key", 255, "é"],
  ])("%s takes %i characters of %s, counted by code point, and not one more", (path, most, character) => {
    expect(enqueue(changed(path, character.repeat(most))).status).toBe(202);
    expect(enqueue(changed(path, character.repeat(most + 1)))).toMatchObject({ status: 400, refused: [[400, path]] });
  });

  test("half a surrogate pair is no text: 400", () => {
    expect(enqueue(changed("payload.summary", "fire \ud83d"))).toMatchObject({ refused: [[400, "payload.summary"]] });
  });

  test.each(["acknowledge", "resolve"])("%s needs a dedup key: 400", (action) => {
    for (const key of [undefined, "", "  "]) {
      const body = { routing_key: routingKey, event_action: action, ...(key === undefined ? {} : { dedup_key: key }) };
      expect(enqueue(body)).toMatchObject({ status: 400, refused: [[400, "dedup_key"]] });
    }
  });

  test("acknowledge and resolve need no payload, and one does no harm", () => {
    const simulator = new Simulator();
    expect(enqueue({ routing_key: routingKey, event_action: "resolve", dedup_key: "a" }, simulator).status).toBe(202);
    expect(enqueue(changed("event_action", "resolve"), simulator).status).toBe(202);
  });

  test("a trigger without dedup key, or with a blank one, gets a made-up one", () => {
    for (const key of [undefined, "", " "]) {
      const { status, body, simulator } = enqueue(changed("dedup_key", key));
      expect(status).toBe(202);
      expect(body?.["dedup_key"]).toMatch(/^[0-9a-f-]{36}$/);
      expect(simulator.incidents()).toMatchObject([{ dedup_key: body?.["dedup_key"] }]);
    }
  });
});

describe("change events", () => {
  const changeEvent = { routing_key: routingKey, payload: { summary: "deploy 7" } };

  test.each<[string, unknown, string]>([
    ["payload", undefined, "payload"],
    ["payload.summary", undefined, "payload.summary"],
    ["payload.summary", "x".repeat(1025), "payload.summary"],
    ["payload.source", 1, "payload.source"],
    ["payload.timestamp", "now", "payload.timestamp"],
    ["payload.custom_details", "text", "payload.custom_details"],
    ["links", [{}], "links[0].href"],
    ["routing_key", "short", "routing_key"],
  ])("%s = %j breaks a rule: 400", (path, value, field) => {
    const { status, refused } = ask(post("/v2/change/enqueue", changed(path, value, changeEvent)));
    expect([status, refused]).toEqual([400, [[400, field]]]);
  });

  test("need neither source, timestamp nor severity, and open no incident", () => {
    const { status, simulator } = ask(post("/v2/change/enqueue", changeEvent));
    expect([status, simulator.incidents()]).toEqual([202, []]);
  });
});

const run = (...requests: SimulatorRequest[]) => {
  const clock = new TestClock();
  const simulator = new Simulator({ clock });
  for (const request of requests) {
    clock.advance(1000);
    expect(simulator.handle(request).status).toBe(202);
  }
  return simulator;
};
const statusesOf = (simulator: Simulator) => simulator.incidents().map((row) => row.status);
const effectsOf = (simulator: Simulator) => simulator.requests().map((row) => row.effect);

describe("deduplication and lifecycle", () => {
  test("trigger of an unknown key opens an incident", () => {
    expect(statusesOf(run(trigger("a")))).toEqual(["triggered"]);
  });

  test("trigger of an open key adds a log entry and opens none", () => {
    const simulator = run(trigger("a"), trigger("a"));
    expect(simulator.incidents()).toHaveLength(1);
    expect(simulator.incidents()[0]?.events.map((one) => one.action)).toEqual(["trigger", "trigger"]);
  });

  test("a second trigger changes the summary of the alert and not the title of the incident", () => {
    const simulator = run(trigger("a", { summary: "first" }), trigger("a", { summary: "second", severity: "info" }));
    expect(simulator.incidents()).toMatchObject([{ title: "first", summary: "second", severity: "info" }]);
  });

  test("trigger while acknowledged leaves it acknowledged", () => {
    expect(statusesOf(run(trigger("a"), acknowledge("a"), trigger("a")))).toEqual(["acknowledged"]);
  });

  test("trigger after a resolve does not reopen: it is a new incident", () => {
    const simulator = run(trigger("a"), resolve("a"), trigger("a"));
    expect(statusesOf(simulator)).toEqual(["resolved", "triggered"]);
    expect(new Set(simulator.incidents().map((row) => row.id)).size).toBe(2);
  });

  test("acknowledge acknowledges, with its time", () => {
    expect(run(trigger("a"), acknowledge("a")).incidents()).toMatchObject([
      { status: "acknowledged", opened_at: "2026-01-01T00:00:01.000Z", acknowledged_at: "2026-01-01T00:00:02.000Z" },
    ]);
  });

  test("resolve resolves, from triggered and from acknowledged", () => {
    expect(statusesOf(run(trigger("a"), resolve("a")))).toEqual(["resolved"]);
    expect(statusesOf(run(trigger("a"), acknowledge("a"), resolve("a")))).toEqual(["resolved"]);
  });

  test.each(["acknowledge", "resolve"])("%s of an unknown key is dropped, with 202", (action) => {
    const simulator = run(action === "resolve" ? resolve("a") : acknowledge("a"));
    expect([simulator.incidents(), effectsOf(simulator)]).toEqual([[], ["dropped"]]);
  });

  test.each(["acknowledge", "resolve"])("%s after a resolve is dropped, with 202", (action) => {
    const simulator = run(trigger("a"), resolve("a"), action === "resolve" ? resolve("a") : acknowledge("a"));
    expect([statusesOf(simulator), effectsOf(simulator).at(-1)]).toEqual([["resolved"], "dropped"]);
  });

  test("the same dedup key under another routing key is another alert", () => {
    expect(run(trigger("a"), trigger("a", { key: otherRoutingKey })).incidents()).toHaveLength(2);
  });

  test.each(["acknowledge", "resolve"])("%s under another routing key is dropped", (action) => {
    const other = action === "resolve" ? resolve("a", otherRoutingKey) : acknowledge("a", otherRoutingKey);
    const simulator = run(trigger("a"), other);
    expect([statusesOf(simulator), effectsOf(simulator).at(-1)]).toEqual([["triggered"], "dropped"]);
  });

  test("dedup keys are case-sensitive", () => {
    expect(run(trigger("a"), trigger("A")).incidents()).toHaveLength(2);
  });

  test("the regions share nothing", () => {
    const simulator = new Simulator();
    simulator.handle(trigger("a"), "us");
    simulator.handle(trigger("a"), "eu");
    simulator.handle(resolve("a"), "eu");
    expect(simulator.incidents()).toMatchObject([
      { region: "us", status: "triggered" },
      { region: "eu", status: "resolved" },
    ]);
  });

  test("an event shows what it carried, without its credential", () => {
    const payload = { ...event.payload, custom_details: { a: 1 } };
    const { simulator } = enqueue({ ...event, payload, links: [{ href: "https://example.com" }], client: "Tocsin" });
    expect(simulator.incidents()[0]?.events).toMatchObject([
      { action: "trigger", severity: "critical", payload, links: [{ href: "https://example.com" }], client: "Tocsin" },
    ]);
  });
});
