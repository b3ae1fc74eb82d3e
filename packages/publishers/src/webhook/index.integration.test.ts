import type { Notification } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { type Act, answer, publisherContract, ScriptedReceiver } from "@tocsin/test";
import { Webhook } from "standardwebhooks";
import { afterAll, describe, expect, test } from "vitest";
import { tellingOf } from "../../test/pagerduty.ts";
import { signingSecret, webhookTargetOf } from "../../test/webhook.ts";
import { Transport } from "@tocsin/http";
import { webhookPublisher } from "./index.ts";

const transport = new Transport();
afterAll(() => transport.close());
const options = { transport, version: "1.2.3" };
const { signal } = new AbortController();

publisherContract("webhook with a signing secret", {
  open: ({ url, secret }) => webhookPublisher(webhookTargetOf({ url, signing_secret: secret }), options),
  secret: signingSecret,
  telling: tellingOf(),
  accepts: answer(204),
  refuses: answer(422),
  half: { act: "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{", means: "accepted" },
});

publisherContract("webhook with a bearer token", {
  open: ({ url, secret }) =>
    webhookPublisher(webhookTargetOf({ url, headers: { Authorization: `Bearer ${secret}` } }), options),
  secret: "a-bearer-token",
  telling: tellingOf(),
  accepts: answer(200),
  refuses: answer(400),
  half: { act: "HTTP/1.1 202 Accepted\r\ncontent-length: 500\r\n\r\n", means: "accepted" },
});

publisherContract("webhook with a secret in its URL", {
  open: ({ url, secret }) => webhookPublisher(webhookTargetOf({ url: `${url}/in/${secret}?sig=${secret}` }), options),
  secret: "t0ken-of-the-URL",
  telling: tellingOf(),
  accepts: answer(200),
  refuses: answer(413),
  half: { act: "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", means: "accepted" },
});

/** Publishes once, or as often as there are answers; gives back outcomes and what arrived. */
async function publish(
  acts: readonly Act[],
  target: object = {},
  more: Partial<typeof options & { now: () => number }> = {},
) {
  await using receiver = await ScriptedReceiver.open(...acts);
  const publisher = webhookPublisher(webhookTargetOf({ url: `${receiver.url}/in`, ...target }), {
    ...options,
    ...more,
  });
  const outcomes = [];
  for (const _ of acts) outcomes.push(await publisher.publish(tellingOf({ eventId: "evt_1" }), signal));
  return { outcomes, requests: receiver.requests };
}

const headersIn = (head: string) =>
  Object.fromEntries(
    head
      .trim()
      .split("\r\n")
      .slice(1)
      .map((line) => line.split(": ") as [string, string]),
  );

test.each([
  "Cannot POST /in/t0ken-of-the-URL-path",
  "no such hook: t0ken-of-the-URL-path",
  "bad signature s1g-of-the-query for t0ken-of-the-URL-path",
  "/in/t0ken-of-the-URL-path?sig=s1g-of-the-query&v=1 is gone",
])("an answer with %j shows nothing of the URL", async (text) => {
  await using receiver = await ScriptedReceiver.open(answer(404, text));
  const url = `${receiver.url}/in/t0ken-of-the-URL-path?sig=s1g-of-the-query&v=1`;
  const outcome = await webhookPublisher(webhookTargetOf({ url }), options).publish(tellingOf(), signal);
  expect(outcome).toMatchObject({ kind: "blocked", detail: expect.stringContaining("[secret]") });
  expect(JSON.stringify(outcome)).not.toMatch(/t0ken|s1g/);
});

describe("a webhook's publisher", () => {
  test.each<[number, object]>([
    [200, { kind: "accepted" }],
    [201, { kind: "accepted" }],
    [202, { kind: "accepted" }],
    [204, { kind: "accepted" }],
    [299, { kind: "accepted" }],
    [300, { kind: "blocked", state: "misconfigured" }],
    [301, { kind: "blocked", state: "misconfigured", detail: "HTTP 301: redirects are not followed" }],
    [302, { kind: "blocked", state: "misconfigured" }],
    [307, { kind: "blocked", state: "misconfigured" }],
    [308, { kind: "blocked", state: "misconfigured" }],
    [400, { kind: "refused", reason: "invalid" }],
    [401, { kind: "blocked", state: "unauthorized" }],
    [403, { kind: "blocked", state: "unauthorized" }],
    [404, { kind: "blocked", state: "misconfigured" }],
    [405, { kind: "blocked", state: "misconfigured" }],
    [408, { kind: "ambiguous", reason: "timeout" }],
    [409, { kind: "retry", reason: "server" }],
    [410, { kind: "blocked", state: "misconfigured" }],
    [413, { kind: "refused" }],
    [422, { kind: "refused" }],
    [425, { kind: "retry" }],
    [500, { kind: "ambiguous", reason: "server" }],
    [503, { kind: "ambiguous", reason: "server" }],
  ])("classifies a %i as %j, and suspects no key", async (status, outcome) => {
    const { outcomes } = await publish([answer(status)]);
    expect(outcomes).toEqual([expect.objectContaining({ ...outcome, status })]);
    expect(outcomes[0]).not.toHaveProperty("suspectKey");
  });

  test.each([301, 302, 303, 307, 308])("follows no %i to any address", async (status) => {
    await using elsewhere = await ScriptedReceiver.open(answer(200));
    const { outcomes, requests } = await publish([answer(status, "", { location: `${elsewhere.url}/token` })]);
    expect([requests.length, elsewhere.requests.length]).toEqual([1, 0]);
    expect(JSON.stringify(outcomes)).not.toContain("/token");
  });

  test("waits as long as Retry-After asks, with a 503 too", async () => {
    const { outcomes } = await publish([answer(503, "", { "retry-after": "9" })]);
    expect(outcomes).toMatchObject([{ kind: "ambiguous", retryAfterMs: 9_000 }]);
  });

  test("signs each attempt over exactly the bytes that it sends, with the id of the event", async () => {
    let nowMs = Date.now();
    const now = () => (nowMs += 1_000);
    const { requests } = await publish([answer(500), answer(200)], { signing_secret: signingSecret }, { now });
    const seen = requests.map(({ head, body }) => {
      const headers = headersIn(head);
      expect(new Webhook(signingSecret).verify(body, headers)).toEqual(JSON.parse(body));
      return headers;
    });
    expect(seen.map((headers) => headers["webhook-id"])).toEqual(["evt_1", "evt_1"]);
    expect(seen[0]!["webhook-timestamp"]).not.toBe(seen[1]!["webhook-timestamp"]);
    expect(requests[1]!.body).toBe(requests[0]!.body);
  });

  test("sends the event id without a secret, too, and the target's own headers", async () => {
    const { requests } = await publish([answer(200)], { headers: { "X-Team": "sre" } });
    const headers = headersIn(requests[0]!.head);
    expect(requests[0]!.head).toMatch(/^POST \/in HTTP\/1\.1\r\n/);
    expect(headers).toMatchObject({ "webhook-id": "evt_1", "X-Team": "sre", "user-agent": "Tocsin/1.2.3" });
    expect(headers).not.toHaveProperty("webhook-signature");
  });

  test("has everything that a strict receiver verifies and the oracle needs", async () => {
    const old = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    await using simulator = new Simulator();
    simulator.setWebhookSecrets("hook", [old]);
    const { url } = await simulator.listen();
    const tell = (signing_secret: string[], telling: Partial<Notification>) =>
      webhookPublisher(webhookTargetOf({ url: `${url}/webhook/hook`, signing_secret }), options).publish(
        tellingOf(telling),
        signal,
      );
    expect(await tell([signingSecret], { eventId: "evt_0" })).toMatchObject({ kind: "blocked", state: "unauthorized" });
    // Two secrets while one is rotated: the receiver knows one of them.
    expect(await tell([signingSecret, old], { eventId: "evt_1" })).toMatchObject({ kind: "accepted" });
    expect(await tell([old], { eventId: "evt_1" })).toMatchObject({ kind: "accepted" });
    expect(simulator.incidents()).toMatchObject([{ status: "triggered", severity: "critical", events: [{}] }]);
    await tell([old], { eventId: "evt_2", action: "acknowledge" });
    await tell([old], { eventId: "evt_3", action: "resolve" });
    expect(simulator.incidents()).toMatchObject([{ status: "resolved", events: [{}, {}, {}] }]);
  });
});
