import { describe, expect, test } from "vitest";
import { type Answering, accept, receive, receiveRaw, reply } from "../../http/test/receiver.ts";
import { selfSigned } from "../../http/test/self-signed.ts";
import { PagerDutyEventsClient } from "./client.ts";
import { unlimited } from "./limiter/limiter.ts";

const routingKey = "0123456789abcdef0123456789abcdef";
const options = { routingKey, limiter: unlimited };
const latencyMs = expect.any(Number) as number;

describe("health", () => {
  test("makes no request to a reachable receiver", async () => {
    const certificate = selfSigned();
    for (const [tls, ca] of [[], [certificate, certificate.cert]] as const) {
      await using receiver = await receive(accept, tls);
      const client = new PagerDutyEventsClient({ ...options, baseUrl: receiver.url, ...(ca && { ca }) });
      expect(await client.health()).toEqual({ reachable: true, latencyMs, key: "unchecked" });
      expect([receiver.connections, receiver.received]).toEqual([1, []]);
    }
  });

  test.each<[string, Answering, object]>([
    ["accepts", accept, { key: "accepted" }],
    ["does not know", (response) => reply(response, 400, ""), { key: "refused", error: { code: "bad_request" } }],
    ["forbids", (response) => reply(response, 403, ""), { key: "refused", error: { code: "unauthorized" } }],
    ["throttles", (response) => reply(response, 429, ""), { key: "unknown", error: { code: "rate_limited" } }],
    ["fails", (response) => reply(response, 500, ""), { key: "unknown", error: { code: "server_error" } }],
    ["hangs up on", (response) => response.destroy(), { key: "unknown", error: { code: "reset" } }],
  ])("sends one resolve with a random key and reports that the receiver %s it", async (_, answering, expected) => {
    await using receiver = await receive(answering);
    const client = new PagerDutyEventsClient({ ...options, baseUrl: receiver.url });
    expect(await client.health({ checkKey: true })).toMatchObject({ reachable: true, latencyMs, ...expected });
    expect(receiver.received.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      [
        "/v2/enqueue",
        {
          routing_key: routingKey,
          event_action: "resolve",
          dedup_key: expect.stringMatching(/^tocsin-key-check-[0-9a-f-]{36}$/) as string,
        },
      ],
    ]);
    client.close();
  });

  test("reports why a receiver cannot be reached", async () => {
    const receiver = await receive();
    await receiver[Symbol.asyncDispose]();
    const client = new PagerDutyEventsClient({ ...options, baseUrl: receiver.url });
    expect(await client.health({ checkKey: true })).toMatchObject({
      reachable: false,
      latencyMs,
      error: { code: "refused", requestSent: false },
    });
    await using silent = await receiveRaw((socket) => socket.resume());
    const hanging = new PagerDutyEventsClient({
      ...options,
      baseUrl: silent.url.replace("http", "https"),
      timeoutMs: 50,
    });
    expect(await hanging.health()).toMatchObject({
      reachable: false,
      error: { code: "timeout", message: "Timed out after 50 ms while connecting", requestSent: false },
    });
    await using rude = await receiveRaw((socket) => socket.once("data", () => socket.end()));
    const repelled = new PagerDutyEventsClient({ ...options, baseUrl: rude.url.replace("http", "https") });
    expect(await repelled.health()).toMatchObject({ reachable: false, error: { code: "reset", requestSent: false } });
    const secure = new PagerDutyEventsClient({ ...options, baseUrl: "https://events.pagerduty.invalid", proxy: false });
    expect(await secure.health()).toMatchObject({ reachable: false, error: { code: "dns" } });
  });
});
