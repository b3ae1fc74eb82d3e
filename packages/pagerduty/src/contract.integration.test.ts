import { Simulator } from "@tocsin/simulator";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { documentedSchemas } from "../test/documented-schema.ts";
import { fetchOf, sendHostileInputs } from "../test/send-hostile-inputs.ts";
import { PagerDutyEventsClient } from "./client.ts";
import { unlimited } from "./limiter/limiter.ts";
import { SlidingWindowLimiter, TokenBucketLimiter } from "./limiter/queued-limiter.ts";

const routingKey = "0123456789abcdef0123456789abcdef";
const payload = { summary: "s", source: "h", severity: "info" } as const;

const schemas = documentedSchemas();

describe("the strict simulator", () => {
  test("accepts the client's events and shows the states of the incident", async () => {
    await using simulator = new Simulator({ limit: { limit: 0 } });
    const { url } = await simulator.listen();
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: url, limiter: unlimited });
    const { dedupKey } = await client.trigger({ payload });
    expect(simulator.incidents()).toMatchObject([
      { dedup_key: dedupKey, status: "triggered", summary: "s", severity: "info" },
    ]);
    await client.acknowledge({ dedupKey });
    expect(simulator.incidents()).toMatchObject([{ status: "acknowledged" }]);
    await client.resolve({ dedupKey });
    expect(simulator.incidents()).toMatchObject([{ status: "resolved" }]);
    await client.change({ payload: { summary: "deployed" } });
    expect(simulator.changes()).toMatchObject([{ summary: "deployed" }]);
    expect(await client.health({ checkKey: true })).toMatchObject({ reachable: true, key: "accepted" });
    simulator.setKeys(["fedcba9876543210fedcba9876543210"]);
    expect(await client.health({ checkKey: true })).toMatchObject({ reachable: true, key: "refused" });
    client.close();
  });

  // An end-to-end test does the same with 100,000 inputs.
  test("never answers 400 to input that the client accepts: 1,000 hostile inputs, up to 20 MB", async () => {
    const { accepted, invalid, refused } = await sendHostileInputs(1000);
    expect(refused).toEqual([]);
    // If one of them is rare, the generator is useless.
    expect([accepted > 600, invalid > 100], `${accepted} accepted, ${invalid} invalid`).toEqual([true, true]);
  });

  test.each([
    ["a sliding window", SlidingWindowLimiter, 485_000],
    ["a token bucket", TokenBucketLimiter, 545_000],
  ])("gets 1,000 events through %s and never answers 429", async (_, Limiter, withinMs) => {
    const clock = new VirtualClock();
    const simulator = new Simulator({ clock });
    const limiter = new Limiter({ clock });
    const client = new PagerDutyEventsClient({ routingKey, fetch: fetchOf(simulator), limiter, clock });
    const all = Promise.all(Array.from({ length: 1000 }, () => client.trigger({ payload })));
    await clock.advance(withinMs);
    const answers = await all;
    expect(new Set(answers.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    expect([simulator.incidents().length, simulator.refused(), simulator.overLimit()]).toEqual([1000, [], []]);
  });
});

describe("the schema that PagerDuty documents", () => {
  test("allows every request that the client sends, and the answer", async () => {
    const simulator = new Simulator({ limit: { limit: 0 } });
    const seen: unknown[] = [];
    const fetch = fetchOf(simulator, (body, path, answer) => {
      const kind = path === "/v2/enqueue" ? "alert" : "change";
      seen.push([path, schemas[kind](JSON.parse(body)), schemas.success(JSON.parse(answer.body))]);
    });
    const client = new PagerDutyEventsClient({ routingKey, fetch, limiter: unlimited });
    await client.trigger({
      payload: { ...payload, timestamp: new Date(), component: "c", group: "g", class: "c", customDetails: { a: 1 } },
      links: [{ href: "https://example.com", text: "t" }],
      images: [{ src: "https://example.com", href: "https://example.com", alt: "a" }],
      client: "c",
      clientUrl: "https://example.com",
    });
    await client.acknowledge({ dedupKey: "d" });
    await client.resolve({ dedupKey: "d" });
    await client.change({
      payload: { summary: "s", source: "s", timestamp: new Date(), customDetails: {} },
      links: [{ href: "https://x.y" }],
    });
    const alert = ["/v2/enqueue", true, true];
    expect(seen).toEqual([alert, alert, alert, ["/v2/change/enqueue", true, true]]);
  });

  test("refuses bodies that the client never sends", () => {
    const event = { routing_key: routingKey, event_action: "trigger", payload };
    const wrong = [
      { ...event, event_action: "open" },
      { ...event, payload: { ...payload, severity: "Critical" } },
      { ...event, links: [{}] },
      { event_action: "trigger", payload },
    ];
    expect([event, ...wrong].map((body) => schemas.alert(body))).toEqual([true, false, false, false, false]);
  });
});
