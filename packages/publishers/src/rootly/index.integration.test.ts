import { Secret, type Notification } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { type Act, answer, publisherContract, ScriptedReceiver } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { tellingOf } from "../../test/pagerduty.ts";
import { apiKey, rootlyTargetOf } from "../../test/rootly.ts";
import { Transport } from "@tocsin/http";
import { rootlyPublisher } from "./index.ts";

const transport = new Transport();
afterAll(() => transport.close());
const options = { transport, version: "1.2.3" };
const open = (url: string, input: object = {}) => rootlyPublisher(rootlyTargetOf({ url, ...input }), options);
const { signal } = new AbortController();

const alert = (key: string, { id = "id-1", status = "triggered" } = {}) => ({
  id,
  type: "alerts",
  attributes: { status, deduplication_key: key },
});
const created = answer(201, JSON.stringify({ data: alert("9266ef3da838ad95") }));
const unprocessable = { errors: [{ title: "Unprocessable", status: "422", detail: "summary can't be blank" }] };

publisherContract("Rootly", {
  open: ({ url, secret }) => rootlyPublisher({ ...rootlyTargetOf({ url }), credential: new Secret(secret) }, options),
  secret: apiKey,
  telling: tellingOf(),
  accepts: created,
  refuses: answer(422, JSON.stringify(unprocessable)),
  half: { act: 'HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{"data":', means: "accepted" },
});

/** The requests that the receiver got, in order. */
const lines = (receiver: ScriptedReceiver) => receiver.requests.map(({ head }) => head.split(" HTTP/")[0]);
const list = "GET /v1/alerts?filter%5Bstatus%5D%5Bnot_eq%5D=resolved&filter%5Bsource%5D%5Beq%5D=api&page%5Bsize%5D=50";
const page = (alerts: object[], meta: object = {}) => answer(200, JSON.stringify({ data: alerts, meta }));
const end = (more: Partial<Notification> = {}) => tellingOf({ action: "resolve", ...more });
const key = tellingOf().dedupKey;

describe("Rootly's publisher", () => {
  test("sends JSON:API with the key as bearer token", async () => {
    await using receiver = await ScriptedReceiver.open(created);
    await open(receiver.url).publish(tellingOf(), signal);
    const { head, body } = receiver.requests[0]!;
    expect(head).toMatch(/^POST \/v1\/alerts HTTP/);
    for (const header of [
      "content-type: application/vnd.api+json",
      "accept: application/vnd.api+json",
      `authorization: Bearer ${apiKey}`,
    ])
      expect(head).toContain(header);
    expect(JSON.parse(body)).toMatchObject({ data: { type: "alerts", attributes: { deduplication_key: key } } });
  });

  test("resolves its own alert with one call", async () => {
    await using receiver = await ScriptedReceiver.open(created, answer(200), answer(200));
    const publisher = open(receiver.url);
    for (const action of ["trigger", "acknowledge", "resolve"] as const)
      await publisher.publish(tellingOf({ action }), signal);
    expect(lines(receiver)).toEqual([
      "POST /v1/alerts",
      "POST /v1/alerts/id-1/acknowledge",
      "POST /v1/alerts/id-1/resolve",
    ]);
  });

  test.each<[string, object, string[]]>([
    ["as severe", { labels: [{ key: "severity", value: "critical" }] }, []],
    [
      "less severe",
      {
        labels: [
          { key: "team", value: "x" },
          { key: "severity", value: "warning" },
        ],
      },
      ["PATCH /v1/alerts/id-1"],
    ],
    ["of an unknown severity", {}, []],
  ])("updates an open alert that %s", async (_, attributes, more) => {
    const open201 = answer(201, JSON.stringify({ data: { id: "id-1", type: "alerts", attributes } }));
    await using receiver = await ScriptedReceiver.open(open201, answer(200));
    const target = { alert_urgency_ids: { critical: "urgency-high" } };
    expect((await open(receiver.url, target).publish(tellingOf(), signal)).kind).toBe("accepted");
    expect(lines(receiver)).toEqual(["POST /v1/alerts", ...more]);
    for (const { body } of receiver.requests.slice(1)) {
      const changes = (JSON.parse(body) as { data: { attributes: object } }).data.attributes;
      expect(changes).toMatchObject({ alert_urgency_id: "urgency-high", summary: "Disk of db-1 is full" });
      for (const fixed of ["notification_targets", "deduplication_key", "status"])
        expect(changes).not.toHaveProperty(fixed);
    }
  });

  test.each<[number, object]>([
    [404, { kind: "retry", reason: "invalid" }],
    [422, { kind: "refused", reason: "invalid" }],
    [500, { kind: "ambiguous", reason: "server" }],
  ])("classifies an update that is answered %i", async (status, outcome) => {
    const attributes = { labels: [{ key: "severity", value: "info" }] };
    const open201 = answer(201, JSON.stringify({ data: { id: "id-1", type: "alerts", attributes } }));
    await using receiver = await ScriptedReceiver.open(open201, answer(status));
    expect(await open(receiver.url).publish(tellingOf(), signal)).toMatchObject(outcome);
  });

  test("looks up an alert of another process, page by page, and resolves exactly that one", async () => {
    await using receiver = await ScriptedReceiver.open(
      page([alert("other")], { next_cursor: "c/2" }),
      page([alert("else"), alert("third")], { next_cursor: null, next_page: 3 }),
      page([alert(key, { id: "old", status: "resolved" }), alert(key, { id: "a b" })], { next_cursor: "c4" }),
      answer(200),
    );
    expect((await open(receiver.url).publish(end(), signal)).kind).toBe("accepted");
    expect(lines(receiver)).toEqual([
      list,
      `${list}&page%5Bafter%5D=c%2F2`,
      `${list}&page%5Bnumber%5D=3`,
      "POST /v1/alerts/a%20b/resolve",
    ]);
  });

  test("reports an alert as resolved if no open one is found", async () => {
    await using receiver = await ScriptedReceiver.open(page([alert("other")]));
    const outcome = await open(receiver.url).publish(end(), signal);
    expect(outcome).toMatchObject({ kind: "accepted", receipt: expect.stringContaining("resolved already") });
  });

  test("looks up again if its own alert is gone, and counts one that vanishes meanwhile as resolved", async () => {
    await using receiver = await ScriptedReceiver.open(
      created,
      answer(404),
      page([alert(key, { id: "new" })]),
      answer(404),
    );
    const publisher = open(receiver.url);
    await publisher.publish(tellingOf(), signal);
    expect((await publisher.publish(end(), signal)).kind).toBe("accepted");
    expect(lines(receiver).slice(1)).toEqual(["POST /v1/alerts/id-1/resolve", list, "POST /v1/alerts/new/resolve"]);
  });

  test.each<[string, Act, object]>([
    ["a list that fails", answer(503), { kind: "retry", reason: "server" }],
    ["a list that is throttled", answer(429), { kind: "retry", reason: "rate_limited" }],
    ["a list that may not be read", answer(403), { kind: "blocked", state: "unauthorized" }],
    ["a list that is none", answer(200, '{"data":5}'), { kind: "retry", reason: "invalid" }],
    ["half a list", answer(200, '{"data":[{"id"'), { kind: "retry", reason: "invalid" }],
    ["a connection that breaks", (socket) => void socket.resetAndDestroy(), { kind: "retry", reason: "network" }],
  ])("resolves nothing and has no doubt after %s", async (_, act, outcome) => {
    await using receiver = await ScriptedReceiver.open(act);
    expect(await open(receiver.url).publish(end(), signal)).toMatchObject(outcome);
    expect(receiver.requests).toHaveLength(1);
  });

  test("does not mistake its page limit for the end of the list", async () => {
    const pages = Array.from({ length: 60 }, (_, i) => page([alert("other")], { next_cursor: `c${i}` }));
    await using receiver = await ScriptedReceiver.open(...pages);
    const outcome = await open(receiver.url).publish(end(), signal);
    expect(outcome).toMatchObject({
      kind: "retry",
      reason: "invalid",
      detail: expect.stringContaining("there are more"),
    });
    expect(receiver.requests).toHaveLength(50);
  });

  test("stops in the middle of a look-up, before it sends anything", async () => {
    await using receiver = await ScriptedReceiver.open();
    const controller = new AbortController();
    const arrived = receiver.arrival();
    const outcome = open(receiver.url).publish(end(), controller.signal);
    await arrived;
    controller.abort();
    expect(await outcome).toMatchObject({ kind: "interrupted", left: false });
  });

  test("reports a resolve without an answer as ambiguous", async () => {
    await using receiver = await ScriptedReceiver.open(page([alert(key)]), (socket) => void socket.resetAndDestroy());
    expect(await open(receiver.url).publish(end(), signal)).toMatchObject({ kind: "ambiguous", reason: "network" });
  });

  test("has nothing to acknowledge if no one is paged", async () => {
    const open400 = answer(
      400,
      JSON.stringify({ errors: [{ title: "Cannot acknowledge an open alert", status: "400" }] }),
    );
    await using receiver = await ScriptedReceiver.open(created, open400);
    const publisher = open(receiver.url);
    await publisher.publish(tellingOf(), signal);
    const outcome = await publisher.publish(tellingOf({ action: "acknowledge" }), signal);
    expect(outcome).toMatchObject({ kind: "accepted", receipt: expect.stringContaining("nothing to acknowledge") });
  });

  test("sends nothing to check a key: a 401 is enough", async () => {
    await using receiver = await ScriptedReceiver.open();
    const outcome = await open(receiver.url).publish(tellingOf({ action: "check" }), signal);
    expect([outcome.kind, receiver.requests]).toEqual(["refused", []]);
  });

  test("shows no key that a list repeats", async () => {
    await using receiver = await ScriptedReceiver.open(answer(401, `no such key: ${apiKey}`));
    expect(JSON.stringify(await open(receiver.url).publish(end(), signal))).not.toContain(apiKey);
  });

  test("resolves the right ones among hundreds of open alerts", async () => {
    await using simulator = new Simulator({ limit: { receiver: "rootly", limit: 0 } });
    const { url } = await simulator.listen();
    const keys = Array.from({ length: 230 }, (_, i) => `key-${i}`);
    const first = open(url);
    for (const dedupKey of keys) await first.publish(tellingOf({ dedupKey }), signal);
    for (const dedupKey of ["key-0", "key-229", "key-120"]) {
      expect((await open(url).publish(end({ dedupKey }), signal)).kind).toBe("accepted");
    }
    const ended = simulator.incidents().filter(({ status }) => status === "resolved");
    expect(ended.map(({ dedup_key }) => dedup_key)).toEqual(["key-0", "key-120", "key-229"]);
    expect(simulator.refused()).toEqual([]);
  });
});
