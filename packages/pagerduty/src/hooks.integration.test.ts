import { VirtualClock } from "@tocsin/test";
import { expect, test, vi } from "vitest";
import { LeapingClock } from "../test/leaping-clock.ts";
import { accept, receive, reply } from "../../http/test/receiver.ts";
import { PagerDutyEventsClient } from "./client.ts";
import type { AttemptInfo, Hooks } from "./hooks.ts";
import { unlimited } from "./limiter/limiter.ts";
import { SlidingWindowLimiter } from "./limiter/queued-limiter.ts";

const routingKey = "0123456789abcdef0123456789abcdef";

/** Hooks that record their arguments. */
function recording() {
  const told: [string, object][] = [];
  const hooks: Required<Hooks> = {
    onAttempt: (info) => void told.push(["attempt", info]),
    onRetry: (info) => void told.push(["retry", info]),
    onLimit: (info) => void told.push(["limit", info]),
  };
  return { told, hooks };
}

test("get attempts, retries and limits, in order", async () => {
  await using receiver = await receive((response, received, nth) => {
    if (nth === 0) reply(response, 429, "", { "retry-after": "7" });
    else if (nth === 1) response.destroy();
    else accept(response, received, nth);
  });
  const { told, hooks } = recording();
  const clock = new LeapingClock(1000);
  const client = new PagerDutyEventsClient({
    routingKey,
    baseUrl: `${receiver.url}/proxy?token=hidden`,
    limiter: unlimited,
    clock,
    hooks,
    random: () => 0.25,
  });
  await client.acknowledge({ dedupKey: "d" });
  const attributes = {
    "http.request.method": "POST",
    "url.full": `${receiver.url}/proxy/v2/enqueue`,
    "server.address": "127.0.0.1",
    "server.port": receiver.port,
  };
  const operation = "acknowledge";
  const limited = expect.objectContaining({ code: "rate_limited" }) as object;
  const lost = expect.objectContaining({ code: "reset" }) as object;
  expect(told).toEqual([
    [
      "attempt",
      {
        operation,
        attempt: 1,
        startedAtMs: 1000,
        durationMs: 0,
        status: 429,
        error: limited,
        attributes: { ...attributes, "http.response.status_code": 429, "error.type": "rate_limited" },
      },
    ],
    ["limit", { operation, by: "pagerduty", waitMs: 7000 }],
    ["retry", { operation, attempt: 1, waitMs: 7000, error: limited }],
    [
      "attempt",
      {
        operation,
        attempt: 2,
        startedAtMs: 8000,
        durationMs: 0,
        error: lost,
        attributes: { ...attributes, "http.request.resend_count": 1, "error.type": "reset" },
      },
    ],
    ["retry", { operation, attempt: 2, waitMs: 50, error: lost }],
    [
      "attempt",
      {
        operation,
        attempt: 3,
        startedAtMs: 8050,
        durationMs: 0,
        status: 202,
        attributes: { ...attributes, "http.request.resend_count": 2, "http.response.status_code": 202 },
      },
    ],
  ]);
  client.close();
});

test("get the operation and the URL of each call", async () => {
  await using receiver = await receive();
  const { told, hooks } = recording();
  const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter: unlimited, hooks });
  await client.trigger({ payload: { summary: "s", source: "h", severity: "info" } });
  await client.resolve({ dedupKey: "d" });
  await client.change({ payload: { summary: "s" } });
  await client.health({ checkKey: true });
  const attempts = told.map(([, info]) => info as AttemptInfo);
  expect(attempts.map(({ operation }) => operation)).toEqual(["trigger", "resolve", "change", "health"]);
  expect(attempts.map(({ attributes }) => new URL(attributes["url.full"]).pathname)).toEqual([
    "/v2/enqueue",
    "/v2/enqueue",
    "/v2/change/enqueue",
    "/v2/enqueue",
  ]);
  client.close();
});

test("hooks get the limiter's wait before it begins, and the error name of an abort", async () => {
  const clock = new VirtualClock();
  const { told, hooks } = recording();
  await using receiver = await receive(() => stop.abort());
  const limiter = new SlidingWindowLimiter({ limit: 1, perMs: 1000, clock });
  limiter.tryTake()!();
  const stop = new AbortController();
  const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter, clock, hooks });
  const call = client.resolve({ dedupKey: "d" }, { signal: stop.signal }).catch((error: unknown) => error);
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toEqual([["limit", { operation: "resolve", by: "limiter" }]]);
  await clock.advance(1100);
  const error = await call;
  expect(told[1]).toMatchObject(["attempt", { attempt: 1, error, attributes: { "error.type": "AbortError" } }]);
  expect(told).toHaveLength(2);
});

const fetch = () => Promise.resolve({ status: 202, headers: new Headers(), body: null });

test("get the standard port if the URL has none", async () => {
  const { told, hooks } = recording();
  for (const baseUrl of ["https://events.eu.pagerduty.com", "http://localhost"]) {
    await new PagerDutyEventsClient({ routingKey, baseUrl, limiter: unlimited, hooks, fetch }).resolve({
      dedupKey: "d",
    });
  }
  expect(told.map(([, info]) => (info as AttemptInfo).attributes)).toMatchObject([
    { "server.address": "events.eu.pagerduty.com", "server.port": 443 },
    { "server.address": "localhost", "server.port": 80 },
  ]);
});

test("that throw cause a warning and do not stop the event", async () => {
  await using receiver = await receive((response, received, nth) =>
    nth === 0 ? reply(response, 500, "") : accept(response, received, nth),
  );
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const mistake = new Error("my metrics are broken");
  const hooks: Hooks = {
    onAttempt: () => {
      throw mistake;
    },
    onRetry: () => {
      throw "text";
    },
  };
  const client = new PagerDutyEventsClient({
    routingKey,
    baseUrl: receiver.url,
    limiter: unlimited,
    hooks,
    clock: new LeapingClock(),
  });
  expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 2 });
  expect(warn.mock.calls).toEqual([[mistake], ["text"], [mistake]]);
  warn.mockRestore();
  client.close();
});
