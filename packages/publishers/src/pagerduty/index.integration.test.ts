import { type EventAction, Secret, type Notification } from "@tocsin/core";
import { type Act, answer, publisherContract, type Received, ScriptedReceiver } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { Transport } from "@tocsin/http";
import { endpoint, routingKey, targetOf, tellingOf } from "../../test/pagerduty.ts";
import { pagerdutyPublisher } from "./index.ts";

const transport = new Transport();
afterAll(() => transport.close());
const options = { transport, version: "1.2.3" };

const accepted = answer(202, JSON.stringify({ status: "success", message: "Event processed", dedup_key: "k" }));
const refused = { status: "invalid event", message: "Event object is invalid", errors: ["'summary' is missing"] };

publisherContract("PagerDuty", {
  open: ({ url, secret }) => pagerdutyPublisher({ ...endpoint, url, credential: new Secret(secret) }, options),
  secret: routingKey,
  telling: tellingOf(),
  accepts: accepted,
  refuses: answer(413, JSON.stringify(refused)),
  half: { act: 'HTTP/1.1 202 Accepted\r\ncontent-length: 500\r\n\r\n{"status":', means: "accepted" },
});

publisherContract("PagerDuty behind a proxy that adds the key", {
  open: ({ url, secret }) =>
    pagerdutyPublisher(targetOf({ routing_key: "", url, headers: { Authorization: `Bearer ${secret}` } }), options),
  secret: "a-proxys-own-token",
  telling: tellingOf(),
  accepts: answer(200),
  refuses: answer(400),
  half: { act: "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", means: "accepted" },
});

/** Publishes once at a receiver whose URL goes on with `path`; gives back the outcome and what arrived. */
async function publish(
  telling: Partial<Notification>,
  { path = "", act = accepted, target = {} }: { path?: string; act?: Act; target?: object } = {},
) {
  await using receiver = await ScriptedReceiver.open(act);
  const publisher = pagerdutyPublisher(targetOf({ url: receiver.url + path, ...target }), options);
  const outcome = await publisher.publish(tellingOf(telling), new AbortController().signal);
  return { outcome, ...read(receiver.requests[0]!) };
}

function read({ head, body }: Received) {
  const [requestLine, ...lines] = head.trim().split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => line.split(": ") as [string, string]));
  return { requestLine, headers, body: JSON.parse(body) as Record<string, unknown> };
}

describe("PagerDuty's publisher", () => {
  test.each<[EventAction, string, string]>([
    ["trigger", "", "/v2/enqueue"],
    ["acknowledge", "/", "/v2/enqueue"],
    ["resolve", "/v2/enqueue", "/v2/enqueue"],
    ["resolve", "/proxy/v2", "/proxy/v2/enqueue"],
    ["change", "/v2/enqueue", "/v2/change/enqueue"],
  ])("posts a %s, with a url that ends in %j, to %s", async (action, path, to) => {
    const { requestLine, headers, body } = await publish({ action }, { path });
    expect(requestLine).toBe(`POST ${to} HTTP/1.1`);
    expect(headers).toMatchObject({ "content-type": "application/json", "user-agent": "Tocsin/1.2.3" });
    expect(body["routing_key"]).toBe(routingKey);
  });

  test("reports the message of PagerDuty", async () => {
    const { outcome } = await publish({}, { act: answer(400, JSON.stringify(refused)) });
    expect(outcome).toEqual({
      kind: "refused",
      reason: "invalid",
      detail: "HTTP 400: Event object is invalid: 'summary' is missing",
      status: 400,
      suspectKey: true,
    });
  });

  test("checks the key by resolving an incident that does not exist", async () => {
    const { body, outcome } = await publish({ action: "check", dedupKey: "random" });
    expect(body).toEqual({ routing_key: routingKey, event_action: "resolve", dedup_key: "random" });
    expect(outcome.kind).toBe("accepted");
  });

  test("sends a target's headers without the key", async () => {
    const { headers } = await publish({}, { target: { headers: { routing_key: routingKey, "X-Team": "sre" } } });
    expect(headers).toMatchObject({ "X-Team": "sre" });
    expect(headers).not.toHaveProperty("routing_key");
  });

  test("without a key posts to the url as given, with the headers of the proxy", async () => {
    const target = { routing_key: "", headers: { Authorization: "Bearer proxy-token" } };
    const { requestLine, headers, body, outcome } = await publish(
      {},
      { path: "/alerts/v2/enqueue", target, act: answer(200) },
    );
    expect(requestLine).toBe("POST /alerts/v2/enqueue HTTP/1.1");
    expect(headers).toMatchObject({ Authorization: "Bearer proxy-token" });
    expect(body).not.toHaveProperty("routing_key");
    expect(body).toHaveProperty("event_action", "trigger");
    expect(outcome.kind).toBe("accepted");
  });
});
