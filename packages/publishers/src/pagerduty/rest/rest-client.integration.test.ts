import { Transport } from "@tocsin/http";
import { Simulator } from "@tocsin/simulator";
import { type Act, answer, ScriptedReceiver } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { routingKey, targetOf } from "../../../test/pagerduty.ts";
import { openPagerDutyRest } from "./open-pagerduty-rest.ts";
import type { PagerDutyRest, RestIncident } from "./pagerduty-rest.ts";

const transport = new Transport();
afterAll(() => transport.close());

const token = "rest-token-0123456789";
let nowMs = 1_000_000;
const open = (url: string, target: object = {}): PagerDutyRest =>
  openPagerDutyRest(targetOf({ url, rest_token: token, timeout: "500ms", ...target }), {
    transport,
    version: "1.2.3",
    now: () => nowMs,
  })!;

test("a target without a token has no reader", () => {
  expect(openPagerDutyRest(targetOf({}), { transport, version: "1" })).toBeUndefined();
});

async function start() {
  const simulator = new Simulator({ limit: { limit: 0 } });
  const { url } = await simulator.listen();
  const send = (event_action: string, dedup_key: string) =>
    simulator.handle({
      method: "POST",
      path: "/v2/enqueue",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        routing_key: routingKey,
        event_action,
        dedup_key,
        payload: { summary: dedup_key, source: "s", severity: "critical" },
      }),
    });
  const idOf = (key: string) => simulator.incidents().findLast((one) => one.dedup_key === key)!.id;
  return { simulator, send, idOf, rest: open(url), [Symbol.asyncDispose]: () => simulator.close() };
}

const list = (name: string, documents: readonly object[], more = false) =>
  answer(200, JSON.stringify({ [name]: documents, more }));
const incident = (id: string, status = "triggered") => ({ id, status, created_at: "2026-11-30T03:00:00Z" });
const alert = (alert_key: string, status = "triggered") => ({ alert_key, status, suppressed: false });

describe("at the simulator", () => {
  test("finds the open incident of a key, else the newest resolved one and who resolved it", async () => {
    await using s = await start();
    s.send("trigger", "a");
    s.send("trigger", "b");
    const id = s.idOf("a");
    expect(await s.rest.findIncident("a")).toMatchObject({ ok: true, value: { id, status: "triggered" } });
    s.simulator.resolve(id);
    expect(await s.rest.findIncident("a")).toEqual({ ok: true, value: null });
    const found = await s.rest.findIncident("a", { resolved: true });
    expect(found).toMatchObject({ ok: true, value: { id, status: "resolved", changedBy: "A person" } });
    s.send("resolve", "b");
    const ended = await s.rest.findIncident("b", { resolved: true });
    expect(ended).toMatchObject({ value: { status: "resolved" } });
    expect(ended.ok && ended.value).not.toHaveProperty("changedBy");
    expect(await s.rest.findIncident("c", { resolved: true })).toEqual({ ok: true, value: null });
  });

  test("lists the open incidents in pages, and the keys of their alerts", async () => {
    await using s = await start();
    for (let n = 0; n < 205; n++) s.send("trigger", `key ${n}`);
    s.send("resolve", "key 0");
    const found: RestIncident[] = [];
    for (let offset: number | null = 0; offset !== null;) {
      const page = await s.rest.openIncidents({ offset });
      if (!page.ok) throw new Error(page.failure.detail);
      found.push(...page.value.incidents);
      offset = page.value.nextOffset;
    }
    expect(found.map(({ id }) => id)).toEqual(
      s.simulator.incidents().flatMap(({ id, status }) => (status === "resolved" ? [] : [id])),
    );
    expect(await s.rest.incidentAlertKeys(found[0]!.id)).toEqual({ ok: true, value: ["key 1"] });
    const beyond = await s.rest.openIncidents({ offset: 300 });
    expect(beyond).toEqual({ ok: true, value: { incidents: [], nextOffset: null, truncated: false } });
  });

  test("says that the token is refused, the incident unknown, the limit used up", async () => {
    await using s = await start();
    expect(await s.rest.incidentAlertKeys("QNONE")).toMatchObject({ failure: { reason: "not_found" } });
    s.simulator.setKeys(["another token"], "pagerduty_rest");
    expect(await s.rest.openIncidents()).toMatchObject({ failure: { reason: "auth", detail: "HTTP 401" } });
    s.simulator.setKeys(undefined, "pagerduty_rest");
    s.simulator.setLimit({ receiver: "pagerduty_rest", limit: 1 });
    const refused = { reason: "rate_limited", detail: "HTTP 429", status: 429, retryAfterMs: 60_000 };
    expect(await s.rest.openIncidents()).toEqual({ ok: false, failure: refused });
    s.simulator.setLimit({ receiver: "pagerduty_rest", limit: 960 });
    const sent = s.simulator.requests().length;
    nowMs += 59_000;
    expect(await s.rest.openIncidents()).toMatchObject({ failure: { reason: "rate_limited", retryAfterMs: 1_000 } });
    expect(s.simulator.requests()).toHaveLength(sent);
    nowMs += 1_000;
    expect(await s.rest.openIncidents()).toMatchObject({ ok: true });
  });
});

describe("the request", () => {
  const none = answer(200, JSON.stringify({ incidents: [], more: false }));

  test("reads with the token, and sends a proxy's headers only to the origin of the url", async () => {
    await using receiver = await ScriptedReceiver.open(none);
    const headers = { "X-Proxy": "for the proxy", Authorization: "Basic of-the-proxy" };
    await open(receiver.url, { headers }).findIncident("a key & more");
    const { head } = receiver.requests[0]!;
    expect(head.split("\r\n")[0]).toBe(
      "GET /incidents?incident_key=a+key+%26+more&date_range=all&limit=10&sort_by=created_at%3Adesc" +
        "&statuses%5B%5D=triggered&statuses%5B%5D=acknowledged HTTP/1.1",
    );
    expect(head).toContain(`\r\nauthorization: Token token=${token}\r\n`);
    expect(head).toContain("\r\naccept: application/vnd.pagerduty+json;version=2\r\n");
    expect(head).toContain("\r\nX-Proxy: for the proxy\r\n");
    expect(head).not.toContain("of-the-proxy");
    expect(head).not.toContain(routingKey);
  });

  test.each(["", " ", "\t"])("is not sent for the key %j, which would find all incidents", async (key) => {
    await using receiver = await ScriptedReceiver.open(none);
    expect(await open(receiver.url).findIncident(key)).toMatchObject({ failure: { reason: "invalid" } });
    expect(receiver.requests).toEqual([]);
  });

  test.each(["", "../users", "Q1/../x", "Q1?a", "é", "Q".repeat(41)])("is not sent for the incident %j", async (id) => {
    await using receiver = await ScriptedReceiver.open(none);
    expect(await open(receiver.url).incidentAlertKeys(id)).toMatchObject({ failure: { reason: "invalid" } });
    expect(receiver.requests).toEqual([]);
  });
});

describe("the answer", () => {
  test("counts only if an alert of the incident really has the key and is open", async () => {
    await using receiver = await ScriptedReceiver.open(
      list("incidents", [incident("Q1"), incident("Q2"), incident("Q3")]),
      list("alerts", [alert("another")]),
      list("alerts", [alert("k", "resolved"), alert("another")]),
      list("alerts", [alert("k")]),
    );
    const found = await open(receiver.url).findIncident("k");
    expect(found).toEqual({
      ok: true,
      value: { id: "Q3", status: "triggered", createdAtMs: Date.UTC(2026, 10, 30, 3) },
    });
  });

  test("is read to its last page, but not beyond 40 pages of alerts", async () => {
    const pages = [list("alerts", [alert("a"), alert("b")], true), list("alerts", [alert("b"), { alert_key: null }])];
    await using receiver = await ScriptedReceiver.open(...pages);
    expect(await open(receiver.url).incidentAlertKeys("Q1")).toEqual({ ok: true, value: ["a", "b"] });
    expect(receiver.requests[1]!.head).toContain("limit=25&offset=25");
    await using endless = await ScriptedReceiver.open(...Array.from({ length: 50 }, () => pages[0]!));
    expect(await open(endless.url).incidentAlertKeys("Q1")).toMatchObject({ failure: { reason: "invalid" } });
    expect(endless.requests).toHaveLength(40);
  });

  test.each<[string, Act, object]>([
    ["no JSON", answer(200, "<html>"), { reason: "invalid" }],
    ["another document", answer(200, '{"incident":{}}'), { reason: "invalid" }],
    ["402", answer(402, "{}"), { reason: "auth" }],
    ["403", answer(403, token), { reason: "auth", detail: "HTTP 403" }],
    ["400", answer(400), { reason: "invalid" }],
    ["429 with a time", answer(429, "", { "retry-after": "7" }), { reason: "rate_limited", retryAfterMs: 7_000 }],
    ["429 with tomorrow", answer(429, "", { "retry-after": "86400" }), { retryAfterMs: 600_000 }],
    ["500", answer(500), { reason: "server" }],
    ["a redirect", answer(301, "", { location: "https://example.com" }), { reason: "server" }],
    ["a reset", (socket) => void socket.resetAndDestroy(), { reason: "network" }],
    ["silence", () => {}, { reason: "timeout" }],
  ])("%s is a failure", async (_, act, failure) => {
    await using receiver = await ScriptedReceiver.open(act);
    const read = await open(receiver.url).openIncidents();
    expect(read).toMatchObject({ ok: false, failure });
    expect(JSON.stringify(read)).not.toContain(token);
    expect(receiver.requests).toHaveLength(1);
  });

  test("is not awaited after the signal", async () => {
    await using receiver = await ScriptedReceiver.open();
    const stop = new AbortController();
    const read = open(receiver.url).openIncidents({ signal: stop.signal });
    await receiver.arrival();
    stop.abort();
    expect(await read).toMatchObject({ failure: { reason: "interrupted" } });
  });
});

test("sends at most 240 calls in a minute", async () => {
  await using receiver = await ScriptedReceiver.open(
    ...Array.from({ length: 241 }, () => answer(200, JSON.stringify({ incidents: [] }))),
  );
  const rest = open(receiver.url);
  for (let n = 0; n < 240; n++) expect(await rest.openIncidents()).toMatchObject({ ok: true });
  expect(await rest.openIncidents()).toMatchObject({ failure: { reason: "rate_limited", retryAfterMs: 60_000 } });
  expect(receiver.requests).toHaveLength(240);
});
