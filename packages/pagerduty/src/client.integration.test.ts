import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { accept, type Receiver, receive, reply } from "../../http/test/receiver.ts";
import { PagerDutyEventsClient } from "./client.ts";
import { PagerDutyValidationError } from "./errors.ts";
import type { EventInput } from "./input.ts";
import { unlimited } from "./limiter/limiter.ts";
import type { ClientOptions } from "./options.ts";
import { version } from "./version.ts";

const routingKey = "0123456789abcdef0123456789abcdef";
const payload = { summary: "s", source: "h", severity: "info" } as const;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function clientOf(receiver: Receiver, options: Partial<ClientOptions> = {}): PagerDutyEventsClient {
  return new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter: unlimited, ...options });
}

const bodies = (receiver: Receiver) => receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

describe("an event whose action is a value", () => {
  const events: EventInput[] = [
    { action: "trigger", dedupKey: "d", payload },
    { action: "acknowledge", dedupKey: "d" },
    { action: "resolve", dedupKey: "d" },
    { action: "change", payload: { summary: "s" } },
  ];

  test.each(events)("is sent as if by the method of that name: $action", async (event) => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    const { action, ...input } = event;
    const bySend = await client.send(event);
    const byMethod = await (client[action] as (given: unknown) => Promise<unknown>)(input);
    expect(bySend).toEqual(byMethod);
    const [first, second] = receiver.received.map(({ path, body }) => ({ path, body }));
    expect(first).toEqual(second);
    client.close();
  });

  test("is refused before anything is sent when the action or the rest is wrong", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    for (const action of ["suppress", "toString", undefined, null, 1]) {
      const sent = client.send({ action, dedupKey: "d" } as unknown as EventInput);
      await expect(sent).rejects.toMatchObject({ code: "invalid_event", issues: [{ path: "action" }] });
    }
    for (const none of [undefined, null, "trigger"])
      await expect(client.send(none as unknown as EventInput)).rejects.toBeInstanceOf(PagerDutyValidationError);
    const wrong = client.send({ action: "resolve" } as unknown as EventInput);
    await expect(wrong).rejects.toMatchObject({ issues: [{ path: "dedupKey" }] });
    expect(receiver.received).toEqual([]);
  });

  test("ends with its signal", async () => {
    await using receiver = await receive();
    const sent = clientOf(receiver).send({ action: "resolve", dedupKey: "d" }, { signal: AbortSignal.abort("enough") });
    await expect(sent).rejects.toBe("enough");
  });
});

describe("the request", () => {
  test("for a trigger contains all input under the API's names", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    const answer = await client.trigger({
      dedupKey: "srv01/mysql",
      payload: {
        summary: "DISK at 99% on machine prod-datapipe03.example.com",
        source: "prod-datapipe03.example.com",
        severity: "critical",
        timestamp: new Date("2015-07-17T08:42:58.315Z"),
        component: "mysql",
        group: "prod-datapipe",
        class: "disk",
        customDetails: { "free space": "1%", load: 0.75, nested: { customDetails: 1 } },
      },
      links: [{ href: "http://pagerduty.example.com", text: "An example link." }],
      images: [{ src: "https://example.com/x.png", href: "https://example.com", alt: "x" }],
      client: "Sample",
      clientUrl: "https://monitoring.example.com",
    });
    expect(bodies(receiver)).toEqual([
      {
        routing_key: routingKey,
        event_action: "trigger",
        dedup_key: "srv01/mysql",
        payload: {
          summary: "DISK at 99% on machine prod-datapipe03.example.com",
          source: "prod-datapipe03.example.com",
          severity: "critical",
          timestamp: "2015-07-17T08:42:58.315Z",
          component: "mysql",
          group: "prod-datapipe",
          class: "disk",
          custom_details: { "free space": "1%", load: 0.75, nested: { customDetails: 1 } },
        },
        links: [{ href: "http://pagerduty.example.com", text: "An example link." }],
        images: [{ src: "https://example.com/x.png", href: "https://example.com", alt: "x" }],
        client: "Sample",
        client_url: "https://monitoring.example.com",
      },
    ]);
    expect(receiver.received[0]).toMatchObject({ method: "POST", path: "/v2/enqueue" });
    expect(receiver.received[0]!.headers).toEqual({
      host: `127.0.0.1:${receiver.port}`,
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": `tocsin-pagerduty/${version} (node/${process.versions.node}; ${process.platform} ${process.arch})`,
      "content-length": String(Buffer.byteLength(receiver.received[0]!.body)),
    });
    expect(answer).toEqual({ dedupKey: "srv01/mysql", message: "Event processed", attempts: 1, dropped: [] });
    client.close();
  });

  test("for a minimal trigger contains the required fields and a key", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    const { dedupKey } = await client.trigger({ payload });
    const blank = await client.trigger({ dedupKey: " ", payload });
    expect([dedupKey, blank.dedupKey]).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid)]);
    expect(dedupKey).not.toBe(blank.dedupKey);
    expect(bodies(receiver)[0]).toEqual({
      routing_key: routingKey,
      event_action: "trigger",
      dedup_key: dedupKey,
      payload,
    });
    client.close();
  });

  test("for acknowledge and resolve has three fields", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    expect(await client.acknowledge({ dedupKey: "d" })).toMatchObject({ dedupKey: "d", dropped: [] });
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ dedupKey: "d", dropped: [] });
    expect(bodies(receiver)).toEqual([
      { routing_key: routingKey, event_action: "acknowledge", dedup_key: "d" },
      { routing_key: routingKey, event_action: "resolve", dedup_key: "d" },
    ]);
    client.close();
  });

  test("has the same key for the same long key", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    const dedupKey = "é".repeat(256);
    const { dedupKey: sent } = await client.trigger({ dedupKey, payload });
    await client.resolve({ dedupKey });
    expect(bodies(receiver).map(({ dedup_key }) => dedup_key)).toEqual([sent, sent]);
    expect(sent).toHaveLength(64);
    client.close();
  });

  test("for a change goes to its own path", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    const answer = await client.change({
      payload: { summary: "deployed", source: "ci", timestamp: "2026-01-01T00:00:00Z", customDetails: { build: 5 } },
      links: [{ href: "https://example.com" }],
    });
    expect(receiver.received[0]!.path).toBe("/v2/change/enqueue");
    expect(bodies(receiver)).toEqual([
      {
        routing_key: routingKey,
        payload: { summary: "deployed", source: "ci", timestamp: "2026-01-01T00:00:00Z", custom_details: { build: 5 } },
        links: [{ href: "https://example.com" }],
      },
    ]);
    expect(answer).toEqual({ message: "Event processed", attempts: 1, dropped: [] });
    client.close();
  });

  test("has the client's name if the trigger has none, and the program's name", async () => {
    await using receiver = await receive();
    const options = { client: "Tocsin", clientUrl: "https://tocsin.example.com", userAgent: "my-monitor/1.2" };
    const client = clientOf(receiver, { ...options, routingKey: ` ${routingKey}\n` });
    await client.trigger({ payload });
    await client.trigger({ payload, client: "Mine", clientUrl: "https://example.com" });
    expect(bodies(receiver)).toMatchObject([
      { routing_key: routingKey, client: "Tocsin", client_url: "https://tocsin.example.com" },
      { client: "Mine", client_url: "https://example.com" },
    ]);
    expect(receiver.received[0]!.headers["user-agent"]).toMatch(/^my-monitor\/1\.2 tocsin-pagerduty\//);
    client.close();
  });

  test("from 20 MB of input fits, and the result names the removed parts", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver);
    const customDetails = { alert_name: "Disk", annotations: { log: "😀".repeat(5_000_000) } };
    const { dropped } = await client.trigger({ payload: { ...payload, customDetails } });
    expect(dropped).toEqual(["custom_details.annotations.log"]);
    expect(bodies(receiver)[0]).toMatchObject({
      payload: { custom_details: { alert_name: "Disk", dropped_to_fit: dropped } },
    });
    const change = await client.change({ payload: { summary: "s", customDetails: { diff: "x".repeat(600_000) } } });
    expect(change.dropped).toEqual(["custom_details.diff"]);
    client.close();
  });
});

describe("a 202", () => {
  test.each([
    ["without a body", ""],
    ["with a status only", '{"status":"success"}'],
    ["with a body that is not JSON", "ok"],
  ])("%s is accepted", async (_, body) => {
    await using receiver = await receive((response) => reply(response, 202, body));
    const client = clientOf(receiver);
    expect(await client.resolve({ dedupKey: "d" })).toEqual({ dedupKey: "d", attempts: 1, dropped: [] });
    expect(await client.change({ payload: { summary: "s" } })).toEqual({ attempts: 1, dropped: [] });
    client.close();
  });

  test("returns the key of the answer, which rules of the receiver may have changed", async () => {
    await using receiver = await receive((response) => reply(response, 202, { dedup_key: "theirs" }));
    const client = clientOf(receiver);
    expect(await client.trigger({ dedupKey: "ours", payload })).toMatchObject({ dedupKey: "theirs" });
    client.close();
  });
});

test("retries under the same key after a lost answer", async () => {
  await using receiver = await receive((response, received, nth) =>
    nth === 0 ? response.destroy() : accept(response, received, nth),
  );
  const client = clientOf(receiver, { retry: { initialMs: 0 } });
  const { dedupKey, attempts } = await client.trigger({ payload });
  expect([attempts, ...bodies(receiver).map(({ dedup_key }) => dedup_key)]).toEqual([2, dedupKey, dedupKey]);
  client.close();
});

test("sends nothing for invalid input", async () => {
  await using receiver = await receive();
  const client = clientOf(receiver);
  await expect(client.trigger({ payload: { ...payload, summary: " " } })).rejects.toThrow(PagerDutyValidationError);
  await expect(client.trigger({} as never)).rejects.toMatchObject({ code: "invalid_event" });
  await expect(client.acknowledge({ dedupKey: "" })).rejects.toMatchObject({ code: "invalid_event" });
  await expect(client.resolve({} as never)).rejects.toMatchObject({ code: "invalid_event" });
  await expect(client.change(undefined as never)).rejects.toThrow("Invalid event: must be an object");
  expect(receiver.connections).toBe(0);
});

test("details that JSON cannot express are an issue", async () => {
  await using receiver = await receive();
  const client = clientOf(receiver);
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const thrower = {
    get now(): never {
      throw "gone";
    },
  };
  for (const customDetails of [{ big: 1n }, cycle, thrower]) {
    const issues = [
      { path: "payload.customDetails", message: expect.stringMatching(/^cannot be written as JSON: ./) as string },
    ];
    const code = "invalid_event";
    await expect(client.trigger({ payload: { ...payload, customDetails } })).rejects.toMatchObject({ code, issues });
  }
  expect(receiver.connections).toBe(0);
});

test("refuses change events for the key of a ruleset, as PagerDuty documents", async () => {
  await using receiver = await receive();
  const client = clientOf(receiver, { routingKey: "R028DIE06SNKNO6V5ACSLRV7Y0TUVG7T" });
  await client.trigger({ payload });
  await expect(client.change({ payload: { summary: "" } })).rejects.toMatchObject({
    issues: [{ path: "payload.summary" }, { path: "routingKey" }],
  });
  expect(receiver.received).toHaveLength(1);
  client.close();
});

test("closing the client closes its idle connections", async () => {
  const closed: Promise<unknown>[] = [];
  await using receiver = await receive((response, received, nth) => {
    closed.push(once(response.socket!, "close"));
    accept(response, received, nth);
  });
  const client = clientOf(receiver);
  await client.resolve({ dedupKey: "d" });
  client.close();
  expect(await Promise.all(closed)).toHaveLength(1);
});

test("charges each attempt to the limiter and releases it", async () => {
  await using receiver = await receive((response) => reply(response, 500, ""));
  const charges: string[] = [];
  const limiter = {
    tryTake: () => {
      charges.push("taken");
      return () => void charges.push("ended");
    },
    take: () => Promise.reject(new Error("never asked")),
  };
  const client = clientOf(receiver, { limiter, retry: { retries: 2, initialMs: 0 } });
  await expect(client.resolve({ dedupKey: "d" })).rejects.toMatchObject({ attempts: 3 });
  expect(charges).toEqual(["taken", "ended", "taken", "ended", "taken", "ended"]);
  client.close();
});
