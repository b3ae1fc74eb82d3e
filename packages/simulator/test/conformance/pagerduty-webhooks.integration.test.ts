import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { Simulator } from "../../src/index.ts";
import type { WebhookRequest } from "../../src/index.ts";
import { signatureHeader } from "../../src/webhooks/sign.ts";
import { acknowledge, post, resolve, TestClock, trigger } from "../requests.ts";

/** PagerDuty's V3 webhooks, rule by rule, as their reference sheet has them. */

const setUp = (answers: number[] = [], secrets = ["topsecret"]) => {
  const clock = new TestClock();
  const sent: WebhookRequest[] = [];
  const simulator = new Simulator({
    clock,
    limit: { limit: 0 },
    postWebhook: async (request) => {
      sent.push(request);
      const status = answers.shift() ?? 202;
      if (status === 0) throw new Error("connection failed");
      return status;
    },
  });
  simulator.subscribe({ url: "https://hooks.invalid/pd", secrets });
  return { clock, simulator, sent };
};

const typesOf = (sent: readonly WebhookRequest[]): string[] =>
  sent.map(({ body }) => (JSON.parse(body) as { event: { event_type: string } }).event.event_type);

describe("the webhook", () => {
  test("each change of an incident, by event or by person, and nothing for a repeated trigger", async () => {
    const { simulator, sent } = setUp();
    for (const request of [trigger("a"), trigger("a"), acknowledge("a"), resolve("a"), resolve("a"), trigger("a")]) {
      simulator.handle(request);
    }
    simulator.resolve(simulator.incidents()[1]?.id ?? "");
    await simulator.deliverWebhooks();
    const [first = "", second = ""] = simulator.incidents().map((row) => row.id);
    const about = (id: string) => typesOf(sent.filter(({ body }) => body.includes(id)));
    expect(about(first)).toEqual(["incident.triggered", "incident.acknowledged", "incident.resolved"]);
    expect(about(second)).toEqual(["incident.triggered", "incident.resolved"]);
  });

  test("one event a request, with the incident as it was then", async () => {
    const { simulator, sent } = setUp();
    simulator.handle(trigger("a", { severity: "warning" }));
    simulator.handle(resolve("a"));
    await simulator.deliverWebhooks();
    expect(JSON.parse(sent[0]?.body ?? "")).toMatchObject({
      event: {
        event_type: "incident.triggered",
        resource_type: "incident",
        occurred_at: "2026-01-01T00:00:00.000Z",
        agent: null,
        data: {
          type: "incident",
          number: 1,
          status: "triggered",
          title: "disk full",
          urgency: "low",
          incident_key: "a",
        },
      },
    });
  });

  test("names the person who made the change", async () => {
    const { simulator, sent } = setUp();
    simulator.handle(trigger("a"));
    simulator.acknowledge(simulator.incidents()[0]?.id ?? "");
    await simulator.deliverWebhooks();
    expect(JSON.parse(sent[1]?.body ?? "").event.agent).toMatchObject({ type: "user_reference" });
  });

  test("only the events that were asked for", async () => {
    const { simulator, sent } = setUp();
    simulator.subscribe({ url: "https://hooks.invalid/other", secrets: [], events: ["incident.resolved"] });
    simulator.handle(trigger("a"));
    simulator.handle(resolve("a"));
    await simulator.deliverWebhooks();
    expect(typesOf(sent.filter(({ url }) => url.endsWith("/other")))).toEqual(["incident.resolved"]);
  });

  test("nothing of other receivers", async () => {
    const { simulator, sent } = setUp();
    simulator.handle(post("/api/v2/alerts", [{ labels: { alertname: "x" } }]));
    await simulator.deliverWebhooks();
    expect(sent).toEqual([]);
  });
});

describe("signature", () => {
  test("is lower-case hex of HMAC-SHA256 over the raw body, the secret's text being the key", () => {
    const body = '{"event":{"id":"01ABC","event_type":"incident.acknowledged"}}';
    expect(signatureHeader(body, ["topsecret"])).toBe(
      "v1=cacd739e63230f18e71e4e83c61426920f5710a62a74a139f02f47d7f6042513",
    );
  });

  test("there are several, separated by commas, while a secret is rotated", async () => {
    const { simulator, sent } = setUp([], ["new", "old"]);
    simulator.handle(trigger("a"));
    await simulator.deliverWebhooks();
    const [request] = sent;
    const expected = ["new", "old"].map(
      (secret) =>
        `v1=${createHmac("sha256", secret)
          .update(request?.body ?? "")
          .digest("hex")}`,
    );
    expect(request?.headers["x-pagerduty-signature"]).toBe(expected.join(","));
  });
});

describe("delivery", () => {
  test.each([0, 429, 500, 503])("%i is tried again with the same X-Webhook-Id, until it is taken", async (status) => {
    const { clock, simulator, sent } = setUp([status, status]);
    simulator.handle(trigger("a"));
    await simulator.deliverWebhooks();
    await simulator.deliverWebhooks();
    expect(sent).toHaveLength(1);
    for (const waitMs of [1000, 2000]) {
      clock.advance(waitMs);
      await simulator.deliverWebhooks();
    }
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map(({ headers }) => headers["x-webhook-id"])).size).toBe(1);
    expect(simulator.webhooks()).toMatchObject([{ attempts: 3, status: 202, state: "delivered" }]);
  });

  test("any other 4xx drops it at once", async () => {
    const { simulator } = setUp([403]);
    simulator.handle(trigger("a"));
    await simulator.deliverWebhooks();
    expect(simulator.webhooks()).toMatchObject([{ attempts: 1, status: 403, state: "dropped" }]);
  });

  test("later webhooks of the same incident queue behind, those of another do not", async () => {
    const { clock, simulator, sent } = setUp([500]);
    simulator.handle(trigger("a"));
    simulator.handle(resolve("a"));
    simulator.handle(trigger("b"));
    await simulator.deliverWebhooks();
    expect(typesOf(sent)).toEqual(["incident.triggered", "incident.triggered"]);
    clock.advance(1000);
    await simulator.deliverWebhooks();
    expect(typesOf(sent).slice(2)).toEqual(["incident.triggered", "incident.resolved"]);
  });

  test("goes on for 48 hours, and then drops it", async () => {
    const { clock, simulator } = setUp(Array.from({ length: 5000 }, () => 500));
    simulator.handle(trigger("a"));
    for (let minute = 0; minute < 47 * 60; minute += 5) {
      await simulator.deliverWebhooks();
      clock.advance(300_000);
    }
    expect(simulator.webhooks()[0]?.state).toBe("waiting");
    clock.advance(3_600_000);
    await simulator.deliverWebhooks();
    expect(simulator.webhooks()[0]?.state).toBe("dropped");
  });

  test("three dropped in a row disable the subscription for 24 hours, and what waited is lost", async () => {
    const { clock, simulator, sent } = setUp([400, 400, 400]);
    for (const key of ["a", "b", "c"]) simulator.handle(trigger(key));
    await simulator.deliverWebhooks();
    simulator.handle(trigger("d"));
    await simulator.deliverWebhooks();
    expect(sent).toHaveLength(3);
    clock.advance(24 * 3_600_000);
    simulator.handle(trigger("e"));
    await simulator.deliverWebhooks();
    expect(sent).toHaveLength(4);
  });
});

describe("subscriptions over REST", () => {
  const headers = { authorization: "Token token=abc", "content-type": "application/json" };
  const wanted = {
    webhook_subscription: {
      type: "webhook_subscription",
      delivery_method: {
        type: "http_delivery_method",
        url: "https://hooks.invalid/x",
        custom_headers: [{ name: "x-a", value: "secret-b" }],
      },
      events: ["incident.triggered"],
      filter: { type: "account_reference" },
    },
  };
  const call = (simulator: Simulator, method: string, path: string, body?: unknown) => {
    const answer = simulator.handle({ method, path, headers, body: body === undefined ? "" : JSON.stringify(body) });
    return { status: answer.status, body: answer.body };
  };

  test("show their secret when created and never again; custom headers are redacted", async () => {
    const { simulator, sent } = setUp();
    const created = call(simulator, "POST", "/webhook_subscriptions", wanted);
    const { id, delivery_method: method } = JSON.parse(created.body).webhook_subscription;
    expect([created.status, typeof method.secret]).toEqual([201, "string"]);
    const read =
      call(simulator, "GET", `/webhook_subscriptions/${id}`).body +
      call(simulator, "GET", "/webhook_subscriptions").body;
    expect(read).not.toContain(method.secret);
    expect(read).not.toContain("secret-b");
    simulator.handle(trigger("a"));
    await simulator.deliverWebhooks();
    const request = sent.find(({ url }) => url.endsWith("/x"));
    expect(request?.headers).toMatchObject({
      "x-a": "secret-b",
      "x-pagerduty-signature": signatureHeader(request?.body ?? "", [method.secret]),
    });
    expect(call(simulator, "DELETE", `/webhook_subscriptions/${id}`).status).toBe(204);
    expect(call(simulator, "GET", `/webhook_subscriptions/${id}`).status).toBe(404);
  });

  test("need a type, a delivery method, events and a filter: 400 naming each", () => {
    const { simulator } = setUp();
    expect(call(simulator, "POST", "/webhook_subscriptions", { webhook_subscription: {} }).status).toBe(400);
    expect(simulator.refused()).toHaveLength(4);
  });
});

test("goes over the network by itself while the simulator listens", async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(202).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  await using simulator = new Simulator();
  await simulator.listen();
  simulator.subscribe({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, secrets: ["s"] });
  const arrived = once(server, "request");
  simulator.handle(trigger("a"));
  const [request] = (await arrived) as [{ headers: Record<string, string> }];
  expect(request.headers["x-pagerduty-signature"]).toMatch(/^v1=[0-9a-f]{64}$/);
  server.close();
  server.closeAllConnections();
});
