import { once } from "node:events";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { receive, receiveRaw, reply } from "../../http/test/receiver.ts";
import { PagerDutyEventsClient } from "./client.ts";
import type { Hooks } from "./hooks.ts";
import { unlimited } from "./limiter/limiter.ts";
import { SlidingWindowLimiter } from "./limiter/queued-limiter.ts";

const routingKey = "0123456789abcdef0123456789abcdef";
const payload = { summary: "s", source: "h", severity: "info" } as const;
const reason = new Error("enough");

/** The state of a promise in the next turn of the event loop. */
async function withinATick(promise: Promise<unknown>): Promise<unknown> {
  const late = new Promise((resolve) => setImmediate(resolve, "still going"));
  return Promise.race([promise.catch((error: unknown) => error), late]);
}

/** A promise, and the function that fulfils it. */
function signalled<T>(): { promise: Promise<T>; fire: (value: T) => void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, fire: resolve };
}

describe("an abort ends a call within a tick, with its own reason,", () => {
  test("before it begins", async () => {
    await using receiver = await receive();
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter: unlimited });
    const signal = AbortSignal.abort(reason);
    const calls = [
      client.trigger({ payload }, { signal }),
      client.acknowledge({ dedupKey: "d" }, { signal }),
      client.resolve({ dedupKey: "d" }, { signal }),
      client.change({ payload: { summary: "s" } }, { signal }),
      client.health({ signal }),
      client.health({ checkKey: true, signal }),
    ];
    expect(await Promise.all(calls.map(withinATick))).toEqual(calls.map(() => reason));
    expect(receiver.connections).toBe(0);
  });

  test("while it waits for the limiter, and is charged nothing", async () => {
    const clock = new VirtualClock();
    await using receiver = await receive();
    const limiter = new SlidingWindowLimiter({ limit: 1, clock });
    limiter.tryTake()!();
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter, clock });
    const stop = new AbortController();
    const call = client.resolve({ dedupKey: "d" }, { signal: stop.signal });
    await new Promise((resolve) => setImmediate(resolve));
    expect(limiter.waiting).toBe(1);
    stop.abort(reason);
    expect([await withinATick(call), limiter.waiting, receiver.connections]).toEqual([reason, 0, 0]);
    expect(clock.nextAtMs(), "no timer is left").toBeNull();
  });

  test("while it connects, and the connection is closed", async () => {
    const greeted = signalled<{ closed: Promise<unknown> }>();
    await using receiver = await receiveRaw((socket) =>
      socket.once("data", () => greeted.fire({ closed: once(socket.resume(), "close") })),
    );
    const baseUrl = receiver.url.replace("http:", "https:");
    const client = new PagerDutyEventsClient({ routingKey, baseUrl, limiter: unlimited });
    const stop = new AbortController();
    const call = client.resolve({ dedupKey: "d" }, { signal: stop.signal });
    const { closed } = await greeted.promise;
    stop.abort(reason);
    expect(await withinATick(call)).toBe(reason);
    await closed;
  });

  test("while it waits for the answer, and the connection is closed", async () => {
    const arrived = signalled<{ closed: Promise<unknown> }>();
    await using receiver = await receive((response) => arrived.fire({ closed: once(response.socket!, "close") }));
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter: unlimited });
    const stop = new AbortController();
    const call = client.resolve({ dedupKey: "d" }, { signal: stop.signal });
    const { closed } = await arrived.promise;
    stop.abort(reason);
    expect(await withinATick(call)).toBe(reason);
    await closed;
  });

  test("while it waits for the next attempt", async () => {
    const clock = new VirtualClock();
    const waiting = signalled<void>();
    await using receiver = await receive((response) => reply(response, 429, ""));
    const hooks: Hooks = { onRetry: () => waiting.fire() };
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter: unlimited, clock, hooks });
    const stop = new AbortController();
    const call = client.resolve({ dedupKey: "d" }, { signal: stop.signal });
    await waiting.promise;
    stop.abort(reason);
    expect([await withinATick(call), clock.nextAtMs()]).toEqual([reason, null]);
    client.close();
  });

  test("also when it is a timeout of the caller's", async () => {
    await using receiver = await receiveRaw((socket) => socket.resume());
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter: unlimited });
    const call = client.resolve({ dedupKey: "d" }, { signal: AbortSignal.timeout(10) });
    await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("and has no effect after the end of the call", async () => {
    await using receiver = await receive();
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter: unlimited });
    const stop = new AbortController();
    await client.resolve({ dedupKey: "d" }, { signal: stop.signal });
    stop.abort(reason);
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    expect(receiver.connections).toBe(1);
    client.close();
  });
});

describe("the deadline of a call", () => {
  test("ends its wait for the limiter", async () => {
    const clock = new VirtualClock();
    const limiter = new SlidingWindowLimiter({ limit: 1, clock });
    limiter.tryTake();
    const client = new PagerDutyEventsClient({ routingKey, limiter, clock, retry: { deadlineMs: 5000 } });
    const call = client.resolve({ dedupKey: "d" }).catch((error: unknown) => error);
    await clock.advance(4999);
    expect(limiter.waiting).toBe(1);
    await clock.advance(1);
    expect(await call).toMatchObject({
      name: "PagerDutyRateLimitError",
      message: "The limiter had no room within 5000 ms",
      status: undefined,
      retryable: true,
      attempts: 0,
    });
    expect(limiter.waiting).toBe(0);
  });

  test("counts the attempts before the wait for the limiter", async () => {
    const clock = new VirtualClock();
    await using receiver = await receive((response) => reply(response, 500, ""));
    const limiter = new SlidingWindowLimiter({ limit: 1, clock });
    const waiting = signalled<void>();
    const hooks: Hooks = { onLimit: () => waiting.fire() };
    const retry = { deadlineMs: 5000, initialMs: 0 };
    const client = new PagerDutyEventsClient({ routingKey, baseUrl: receiver.url, limiter, clock, hooks, retry });
    const call = client.resolve({ dedupKey: "d" }).catch((error: unknown) => error);
    const advance = setInterval(() => void clock.advance(0), 1);
    await waiting.promise;
    clearInterval(advance);
    await clock.advance(5000);
    expect(await call).toMatchObject({ name: "PagerDutyRateLimitError", attempts: 1 });
    client.close();
  });

  test("fails a call at once if the next wait would pass it", async () => {
    await using receiver = await receive((response) => reply(response, 429, ""));
    const clock = new VirtualClock();
    const options = { routingKey, baseUrl: receiver.url, limiter: unlimited, clock };
    const short = new PagerDutyEventsClient({ ...options, retry: { deadlineMs: 30_000 } });
    await expect(short.resolve({ dedupKey: "d" })).rejects.toMatchObject({ status: 429, attempts: 1 });
    expect(clock.nextAtMs()).toBeNull();
    short.close();
  });

  test("shortens an attempt", async () => {
    await using receiver = await receiveRaw((socket) => socket.resume());
    const retry = { deadlineMs: 50, initialMs: 100_000, maxMs: 100_000 };
    const client = new PagerDutyEventsClient({
      routingKey,
      baseUrl: receiver.url,
      limiter: unlimited,
      retry,
      random: () => 0.9,
    });
    await expect(client.resolve({ dedupKey: "d" })).rejects.toMatchObject({ code: "timeout", attempts: 1 });
  });
});
