import { describe, expect, test } from "vitest";
import { LeapingClock } from "../../test/leaping-clock.ts";
import { receive, receiveRaw, reply } from "../../../http/test/receiver.ts";
import { PagerDutyEventsClient } from "../client.ts";
import { unlimited } from "../limiter/limiter.ts";
import type { ClientOptions } from "../options.ts";
import type { Fetch } from "./fetch-transport.ts";

const routingKey = "0123456789abcdef0123456789abcdef";

function clientOf(baseUrl: string, options: Partial<ClientOptions> = {}): PagerDutyEventsClient {
  return new PagerDutyEventsClient({
    routingKey,
    baseUrl,
    limiter: unlimited,
    fetch,
    clock: new LeapingClock(),
    ...options,
  });
}

const bare: Fetch = () => Promise.resolve({ status: 202, headers: new Headers(), body: null });

describe("with an injected fetch", () => {
  test("the runtime's own fetch works", async () => {
    await using receiver = await receive();
    const client = clientOf(receiver.url);
    expect(await client.resolve({ dedupKey: "d" })).toEqual({
      dedupKey: "d",
      message: "Event processed",
      attempts: 1,
      dropped: [],
    });
    expect(await client.change({ payload: { summary: "s" } })).toMatchObject({ attempts: 1 });
    expect(receiver.received.map(({ path }) => path)).toEqual(["/v2/enqueue", "/v2/change/enqueue"]);
    expect(receiver.received[0]!.headers).toMatchObject({
      "content-type": "application/json",
      accept: "application/json",
      "user-agent": expect.stringMatching(/^tocsin-pagerduty\//) as string,
    });
    client.close();
  });

  test("redirects are not followed", async () => {
    await using receiver = await receive((response) => reply(response, 302, "", { location: "/elsewhere" }));
    await expect(clientOf(receiver.url, { retry: { retries: 0 } }).resolve({ dedupKey: "d" })).rejects.toMatchObject({
      status: 302,
    });
    expect(receiver.received).toHaveLength(1);
  });

  test("a 429 has its Retry-After", async () => {
    await using receiver = await receive((response) => reply(response, 429, "", { "retry-after": "9" }));
    await expect(clientOf(receiver.url, { retry: { retries: 0 } }).resolve({ dedupKey: "d" })).rejects.toMatchObject({
      name: "PagerDutyRateLimitError",
      retryAfterMs: 9000,
    });
  });

  test("a refused connection is reported as refused", async () => {
    const receiver = await receive();
    await receiver[Symbol.asyncDispose]();
    const client = clientOf(receiver.url);
    await expect(client.resolve({ dedupKey: "d" })).rejects.toMatchObject({
      code: "refused",
      attempts: 4,
      requestSent: false,
    });
    expect(await client.health()).toMatchObject({ reachable: false, error: { code: "refused" } });
  });

  test("a hanging receiver is a timeout, and the fetch is stopped", async () => {
    const closed = Promise.withResolvers<void>();
    await using receiver = await receiveRaw((socket) => {
      socket.resume().on("close", () => closed.resolve());
    });
    const client = clientOf(receiver.url, { timeoutMs: 80, retry: { retries: 0 } });
    await expect(client.resolve({ dedupKey: "d" })).rejects.toMatchObject({
      code: "timeout",
      message: "Timed out after 80 ms while waiting for the answer",
      requestSent: true,
    });
    await closed.promise;
  });

  test("an abort rejects with its reason", async () => {
    await using receiver = await receiveRaw((socket) => socket.resume());
    const stop = new AbortController();
    const call = clientOf(receiver.url).resolve({ dedupKey: "d" }, { signal: stop.signal });
    stop.abort("enough");
    await expect(call).rejects.toBe("enough");
  });

  test("a huge answer is cut", async () => {
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(10_000).fill(120));
      },
      cancel: () => void (cancelled = true),
    });
    const endless: Fetch = () => Promise.resolve({ status: 500, headers: new Headers(), body });
    await expect(
      clientOf("http://localhost", { fetch: endless, retry: { retries: 0 } }).resolve({ dedupKey: "d" }),
    ).rejects.toMatchObject({ status: 500 });
    expect([pulled < 5, cancelled]).toEqual([true, true]);
  });

  test("an answer without a body counts", async () => {
    const client = clientOf("http://localhost", { fetch: bare });
    expect(await client.resolve({ dedupKey: "d" })).toEqual({ dedupKey: "d", attempts: 1, dropped: [] });
    expect(await client.health()).toMatchObject({ reachable: true });
  });

  test("health sends a HEAD request for the root", async () => {
    await using receiver = await receive((response) => reply(response, 404, ""));
    expect(await clientOf(`${receiver.url}/v2/enqueue`).health()).toMatchObject({ reachable: true, key: "unchecked" });
    expect(receiver.received).toMatchObject([{ method: "HEAD", path: "/" }]);
  });
});
