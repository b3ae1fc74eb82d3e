import { rmSync } from "node:fs";
import { join } from "node:path";
import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secret, signed as signedAt } from "../../callbacks/callback.fixture.ts";
import {
  eventOf,
  ignoredEvents,
  incident,
  notedEvents,
  stateEvents,
} from "../../callbacks/pagerduty/pagerduty-events.fixture.ts";
import { routingKey, startService, type TestService } from "../../service.fixture.ts";

const at = (name: string) => `/api/v1/callbacks/${name}`;
const seconds = () => Math.floor(Date.now() / 1_000);

/** The headers of a signed request; Slack's and Rootly's contain the time. */
const signed = {
  pagerduty: signedAt.pagerduty,
  rootly: (body: string, key = secret) => signedAt.rootly(body, key, seconds()),
  slack: (body: string, key = secret) => signedAt.slack(body, key, seconds()),
};

const callbacks = [
  { name: "pd", type: "pagerduty", secrets: ["the new secret", secret], targets: ["pager"] },
  { name: "rooty", type: "rootly", secrets: [secret], targets: ["rooty"] },
  { name: "chat", type: "slack", secrets: [secret], targets: ["chat"] },
];

const token = { authorization: "Bearer a-server-token" };

const start = (more: Record<string, unknown> = {}) =>
  startService((url) => ({
    targets: [
      { name: "pager", type: "pagerduty", url, routing_key: routingKey },
      { name: "chat", type: "slack", url, bot_token: "xoxb-a-bot", channel: "C0001" },
      {
        name: "rooty",
        type: "rootly",
        url,
        api_key: "an-api-key",
        notification_targets: [{ type: "Service", id: "s" }],
      },
    ],
    server: {
      listen: "127.0.0.1:0",
      auth: { tokens: [{ name: "all", token: "a-server-token", roles: ["ingest", "read", "operate"] }] },
    },
    callbacks,
    ...more,
  }));

let service: TestService;
beforeAll(async () => {
  service = await start();
});
afterAll(() => service[Symbol.asyncDispose]());

let number = 0;
/** An event of PagerDuty with an id of its own. */
const eventWithId = (type: string, data: unknown = incident, more: Record<string, unknown> = {}) =>
  JSON.stringify(eventOf(type, data, { id: `event-${number++}`, ...more }), null, 2);

const send = (body: string, to = service) => to.ask("POST", at("pd"), body, signed.pagerduty(body));

async function counted(callback: string, outcome: string): Promise<number> {
  const { text } = await service.ask("GET", "/metrics", undefined, token);
  const series = `tocsin_callbacks_received_total\\{callback="${callback}",outcome="${outcome}"\\}`;
  return Number(new RegExp(`^${series} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

/** Fires an alert, waits until PagerDuty has it, and returns the incident at PagerDuty. */
async function fire(alertname: string, to = service) {
  const alerts = [
    { status: "firing", labels: { alertname, severity: "critical" }, startsAt: new Date().toISOString() },
  ];
  await to.ask("POST", "/api/v1/webhook/alertmanager", { alerts }, token);
  return to.until("PagerDuty has the incident", () =>
    to.simulator.incidents().find(({ receiver, summary }) => receiver === "pagerduty" && summary?.includes(alertname)),
  );
}

/** The incident here with a dedup key at a target. */
async function incidentOf(dedupKey: string, target = "pager", from = service) {
  const { body } = await from.ask("GET", "/api/v1/incidents?limit=100", undefined, token);
  return body.incidents.find((one: any) => one.dedupKey === dedupKey && one.target === target);
}

const dataOf = (row: { readonly id: string; readonly dedup_key: string; readonly opened_at: string }) => ({
  ...incident,
  id: row.id,
  incident_key: row.dedup_key,
  created_at: row.opened_at,
});

const now = () => ({ occurred_at: new Date().toISOString() });

const withToken = () =>
  startService((url) => ({
    targets: [
      { name: "pager", type: "pagerduty", url, routing_key: routingKey, rest_token: "a-rest-token-of-pagerduty" },
    ],
    callbacks: [callbacks[0]!],
  }));

const press = (
  key: string,
  action_id = "tocsin_acknowledge",
  ts = `${seconds()}.${String(number++).padStart(6, "0")}`,
) =>
  `payload=${encodeURIComponent(
    JSON.stringify({
      type: "block_actions",
      user: { id: "U1", name: "phoebe" },
      actions: [{ action_id, action_ts: ts, value: JSON.stringify({ target: "chat", key }) }],
    }),
  )}`;
const sendPress = (body: string) =>
  service.ask("POST", at("chat"), body, {
    ...signed.slack(body),
    "content-type": "application/x-www-form-urlencoded",
  });

const padded = (bytes: number) => `${" ".repeat(bytes - 2)}{}`;

const nested = (depth: number) => `${'{"event":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("PagerDuty", () => {
  test("acknowledges an incident, and the acknowledgement is not sent back", async () => {
    const row = await fire("AckThere");
    const answer = await send(eventWithId("incident.acknowledged", dataOf(row), now()));
    expect([answer.status, answer.body]).toEqual([202, { effect: "applied" }]);
    expect(await incidentOf(row.dedup_key)).toMatchObject({ wanted: { acknowledged: true } });
    expect(
      service.simulator
        .incidents()
        .find(({ id }) => id === row.id)
        ?.events.map(({ action }) => action),
    ).toEqual(["trigger"]);
  });

  test("sends an event again and again, and it counts once", async () => {
    const row = await fire("Again");
    const body = eventWithId("incident.acknowledged", dataOf(row), now());
    const effects = [await send(body), await send(body), await send(body)].map((answer) => answer.body.effect);
    expect(effects).toEqual(["applied", "duplicate", "duplicate"]);
  });

  test.each([
    ...stateEvents.map(([type]): [string, unknown] => [type, incident]),
    ...notedEvents.map(([type, data]): [string, unknown] => [type, data]),
  ])("gets a 202 for %s of an incident that is not ours", async (type, data) => {
    const answer = await send(eventWithId(type, data));
    expect([answer.status, answer.body]).toEqual([202, { effect: "unknown" }]);
  });

  test.each(ignoredEvents)("gets a 202 for %s, with the reason why it is ignored", async (type, data) => {
    const before = await counted("pd", "ignored");
    const answer = await send(eventWithId(type, data));
    expect([answer.status, answer.body]).toEqual([202, { ignored: expect.any(String) }]);
    expect(await counted("pd", "ignored")).toBe(before + 1);
  });

  test("gets a 400 for a signed event that lacks what it must have", async () => {
    const answer = await send(eventWithId("incident.resolved", null));
    expect([answer.status, answer.body.error]).toMatchObject([
      400,
      { code: "invalid_event", issues: [{ path: "event.data.id" }] },
    ]);
    expect((await send("{")).status).toBe(400);
    expect((await send("[]")).status).toBe(400);
    expect(await counted("pd", "invalid")).toBeGreaterThan(0);
  });

  test("gets a 202 for a body that is not formatted as we would", async () => {
    expect((await send(` \n${eventWithId("incident.triggered")}\n\n`)).status).toBe(202);
  });
});

describe("an incident without a key of its own", () => {
  test("is found by the keys of its alerts, with the rest_token of a target", async () => {
    await using fresh = await withToken();
    const row = await fire("Grouped", fresh);
    const data = { ...dataOf(row), incident_key: null };
    expect((await send(eventWithId("incident.acknowledged", data, now()), fresh)).body).toEqual({ effect: "pending" });
    await fresh.until("it is acknowledged", async () =>
      (await incidentOf(row.dedup_key, "pager", fresh)).wanted.acknowledged ? true : undefined,
    );
    const { text } = await fresh.ask("GET", "/metrics");
    expect(text.match(/^tocsin_callbacks_received_total.*$/gm)).toEqual([
      'tocsin_callbacks_received_total{callback="pd",outcome="pending"} 1',
      'tocsin_callbacks_received_total{callback="pd",outcome="applied"} 1',
    ]);
  });

  test("is not ours if its account does not know it", async () => {
    await using fresh = await withToken();
    const data = { ...incident, id: "PNOTOURS", incident_key: null };
    expect((await send(eventWithId("incident.resolved", data, now()), fresh)).body).toEqual({ effect: "pending" });
    await fresh.until("it is unknown", async () =>
      /outcome="unknown"\} 1/.test((await fresh.ask("GET", "/metrics")).text) ? true : undefined,
    );
  });
});

describe("Slack", () => {
  test("gets a 200 with an empty body, and PagerDuty gets the acknowledgement of the button", async () => {
    const row = await fire("Button");
    await service.until("Slack has the message", async () => {
      const here = await incidentOf(row.dedup_key, "chat");
      return here?.told === null ? undefined : here;
    });
    const answer = await sendPress(press(row.dedup_key));
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(await counted("chat", "applied")).toBe(1);
    await service.until("PagerDuty has the acknowledgement", () =>
      service.simulator.incidents().find(({ id, status }) => id === row.id && status === "acknowledged"),
    );
  });

  test.each([
    ["an incident that is not ours", press("of another")],
    ["a button of another app", press("x", "approve")],
    ["an interaction of another kind", `payload=${encodeURIComponent('{"type":"view_closed"}')}`],
  ])("gets a 200 with an empty body for %s", async (_, body) => {
    const answer = await sendPress(body);
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  test.each([
    ["a form without JSON", "payload=%7B"],
    ["a form that cannot be decoded", "payload=%7"],
    ["no payload", "ssl_check=1"],
    ["a button without a value", press("x").replace(/%22value%22.*(?=%7D%5D)/, "%22v%22%3A1")],
  ])("gets a 400 for %s", async (_, body) => {
    expect((await sendPress(body)).status).toBe(400);
  });
});

test("Rootly gets a 202", async () => {
  const body = JSON.stringify({
    event: { id: "e1", type: "alert.created", issued_at: new Date().toISOString() },
    data: { id: "a1", external_id: "not ours" },
  });
  const answer = await service.ask("POST", at("rooty"), body, signed.rootly(body));
  expect([answer.status, answer.body]).toEqual([202, { effect: "unknown" }]);
});

describe("a request without a valid signature", () => {
  const body = JSON.stringify(eventOf("incident.resolved"));
  const refusals: [string, string, string, Record<string, string>][] = [
    ["an unknown name", "unknown", body, signed.pagerduty(body)],
    ["a name of an object's prototype", "constructor", body, signed.pagerduty(body)],
    ["an encoded name", "%70d%00", body, signed.pagerduty(body)],
    ["no signature", "pd", body, {}],
    ["a wrong signature", "pd", body, signed.pagerduty(body, "another")],
    ["a signature of another body", "pd", body, signed.pagerduty(`${body} `)],
    ["a signature of another callback", "chat", body, signed.pagerduty(body)],
    ["an old signature", "chat", body, signedAt.slack(body, secret, seconds() - 301)],
    ["a signature of the future", "chat", body, signedAt.slack(body, secret, seconds() + 3_600)],
    ["a huge header", "pd", body, { "x-pagerduty-signature": "v1=aa,".repeat(2_000) }],
    ["no JSON", "pd", "{", {}],
    ["an empty body", "pd", "", {}],
    ["a token of the server", "pd", body, token],
  ];

  test("is answered 401 with the same bytes, whatever is wrong", async () => {
    const shown: string[] = [];
    for (const [, name, text, headers] of refusals) {
      const answer = await service.ask("POST", at(name), text, headers);
      const rest = [...answer.headers].filter(([header]) => header !== "date");
      shown.push(JSON.stringify([answer.status, answer.text, rest]));
    }
    expect(shown.filter((one) => one !== shown[0])).toEqual([]);
    expect(shown[0]).toContain("no callback has this name and secret");
    expect(shown[0]).toMatch(/^\[401,/);
  });

  test("changes nothing", async () => {
    const row = await fire("Forged");
    const forged = eventWithId("incident.resolved", dataOf(row), now());
    expect((await service.ask("POST", at("pd"), forged, signed.pagerduty(forged, "guess"))).status).toBe(401);
    const here = await incidentOf(row.dedup_key);
    expect([here.wanted.status, here.wanted.acknowledged]).toEqual(["firing", false]);
  });

  test("is counted without a series for each unknown name, and logged with its reason, without a secret", async () => {
    await using fresh = await start();
    await fresh.ask("POST", at("pd"), body, signed.pagerduty(body, "another"));
    await fresh.ask("POST", at("try-1"), body, {});
    const { text } = await fresh.ask("GET", "/metrics", undefined, token);
    expect(text.match(/^tocsin_callbacks_received_total.*$/gm)).toEqual([
      'tocsin_callbacks_received_total{callback="pd",outcome="refused"} 1',
      'tocsin_callbacks_received_total{callback="unknown",outcome="refused"} 1',
    ]);
    const lines = fresh.logs.map((line) => JSON.parse(line)).filter(({ event }) => event === "request_refused");
    expect(lines.map(({ msg, path }) => [path, msg])).toEqual([
      [at("pd"), "Refused a request: the signature does not match the body; compare the secrets"],
      [at("try-1"), "Refused a request: no callback has this name"],
    ]);
    expect(fresh.logs.join("")).not.toMatch(/topsecret|the new secret/);
  });

  test("makes the callback a problem after three in a row, until a valid one", async () => {
    await using fresh = await start();
    const problems = async () => (await fresh.ask("GET", "/api/v1/health", undefined, token)).body.problems;
    for (let n = 0; n < 3; n++) await fresh.ask("POST", at("pd"), body, signed.pagerduty(body, "another"));
    expect(await problems()).toEqual([expect.objectContaining({ condition: "callback_failing", object: "pd" })]);
    await send(body, fresh);
    expect(await problems()).toEqual([]);
  });
});

describe("a body", () => {
  test.each(["pd", "unknown"])("is answered 413 if it has more than 1 MiB: %s", async (name) => {
    const body = padded(1_048_577);
    expect((await service.ask("POST", at(name), body, signed.pagerduty(body))).status).toBe(413);
  });

  test("is read if it has exactly 1 MiB", async () => {
    expect((await send(padded(1_048_576))).status).toBe(400);
  });

  test("is answered 400 or 413 if it is hostile, and the service goes on", async () => {
    const hostile = [
      "null",
      '"text"',
      "1e999",
      "[".repeat(100_000),
      nested(5_000),
      `[${"1,".repeat(400_000)}1]`,
      '{"__proto__":{"event":{"event_type":"incident.resolved"}}}',
      '{"event":{"event_type":"incident.resolved","id":{"toString":1},"occurred_at":[],"data":[]}}',
      '{"event":{"event_type":["incident.resolved"]}}',
      "\u0000",
      "payload=",
      "payload=%00",
    ];
    const statuses = [];
    for (const body of hostile) {
      statuses.push((await send(body)).status);
      statuses.push((await service.ask("POST", at("chat"), body, signed.slack(body))).status);
      statuses.push((await service.ask("POST", at("rooty"), body, signed.rootly(body))).status);
    }
    expect(statuses.filter((status) => ![400, 413, 202].includes(status))).toEqual([]);
    expect((await send(eventWithId("incident.triggered"))).status).toBe(202);
  });

  test("gets no 5xx, whatever JSON it is", async () => {
    const text = fc.string({ unit: anyCharacter });
    const value = fc.oneof(fc.jsonValue(), text);
    const body = fc.record({
      event: fc.record({
        id: fc.oneof(text, value),
        event_type: fc.constantFrom(...stateEvents.map(([type]) => type), "incident.annotated"),
        occurred_at: fc.constantFrom("2026-11-30T12:00:00Z", "x"),
        agent: value,
        data: fc.record({ id: value, type: fc.constantFrom("incident", "x"), incident_key: value, title: value }),
      }),
    });
    await fc.assert(
      fc.asyncProperty(body, async (event) => {
        expect((await send(JSON.stringify(event))).status).toBeLessThan(500);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a callback", () => {
  test("needs no token of the server, and has no other method", async () => {
    expect((await send(eventWithId("incident.triggered"))).status).toBe(202);
    expect((await service.ask("GET", at("pd"))).status).toBe(405);
  });

  test("accepts each of its secrets, and both signatures of a rotation", async () => {
    const body = eventWithId("incident.triggered");
    const [one, other] = [signed.pagerduty(body), signed.pagerduty(body, "the new secret")];
    const both = {
      "x-pagerduty-signature": [signed.pagerduty(body, "a former one"), one]
        .map((all) => all["x-pagerduty-signature"])
        .join(","),
    };
    const statuses = [];
    for (const headers of [one, other, both])
      statuses.push((await service.ask("POST", at("pd"), body, headers)).status);
    expect(statuses).toEqual([202, 202, 202]);
  });

  test("begins and ends with a reload, and its secret changes with one", async () => {
    await using fresh = await start({ callbacks: [] });
    const body = eventWithId("incident.triggered");
    const statusOf = async (key: string) =>
      (await fresh.ask("POST", at("pd"), body, signed.pagerduty(body, key))).status;
    const reload = async (next: readonly object[]) => {
      fresh.next = { ...(fresh.next as object), callbacks: next };
      expect((await fresh.ask("POST", "/-/reload", undefined, token)).status).toBe(200);
    };
    expect(await statusOf(secret)).toBe(401);
    await reload([callbacks[0]!]);
    expect(await statusOf(secret)).toBe(202);
    await reload([{ ...callbacks[0], secrets: ["the third secret"] }]);
    expect([await statusOf(secret), await statusOf("the third secret")]).toEqual([401, 202]);
    await reload([]);
    expect(await statusOf("the third secret")).toBe(401);
  });

  test("keeps the previous secrets if a reload fails", async () => {
    await using fresh = await start();
    fresh.next = { ...(fresh.next as object), callbacks: [{ ...callbacks[0], targets: ["chat"] }] };
    const { status, body } = await fresh.ask("POST", "/-/reload", undefined, token);
    expect([status, body.error.issues]).toEqual([
      500,
      [{ path: "callbacks[0].targets[0]", message: "is not a target of type `pagerduty`" }],
    ]);
    expect((await send(eventWithId("incident.triggered"), fresh)).status).toBe(202);
  });

  test("answers 503 with Retry-After while the ledger cannot store anything, and never 4xx", async () => {
    await using fresh = await start();
    rmSync(join(fresh.dir, "tocsin.db"));
    const refused = await fresh.until("a 503", async () => {
      const answer = await send(eventWithId("incident.triggered"), fresh);
      return answer.status === 202 ? undefined : answer;
    });
    expect([refused.status, refused.headers.get("retry-after"), refused.body.error.code]).toEqual([
      503,
      "5",
      "ledger_unavailable",
    ]);
  });
});
