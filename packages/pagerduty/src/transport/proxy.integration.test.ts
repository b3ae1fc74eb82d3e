import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { receive } from "../../../http/test/receiver.ts";
import { selfSigned } from "../../../http/test/self-signed.ts";
import { startTunnelProxy } from "../../../http/test/tunnel-proxy.ts";
import { PagerDutyEventsClient } from "../client.ts";
import { unlimited } from "../limiter/limiter.ts";
import type { ClientOptions } from "../options.ts";

const routingKey = "0123456789abcdef0123456789abcdef";
const certificate = selfSigned({ names: ["events.pagerduty.test", "localhost"] });

function clientThrough(proxy: ClientOptions["proxy"], options: Partial<ClientOptions> = {}): PagerDutyEventsClient {
  return new PagerDutyEventsClient({
    routingKey,
    baseUrl: "https://events.pagerduty.test",
    ca: certificate.cert,
    limiter: unlimited,
    retry: { retries: 0 },
    ...(proxy !== undefined && { proxy }),
    ...options,
  });
}

const names = ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
beforeEach(() => {
  for (const name of names) vi.stubEnv(name, undefined);
});
afterEach(() => void vi.unstubAllEnvs());

describe("through a proxy", () => {
  test("the receiver is reached in a tunnel, which is kept", async () => {
    await using receiver = await receive(undefined, certificate);
    await using proxy = await startTunnelProxy({ leadTo: receiver.port });
    const client = clientThrough(proxy.url);
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    expect(await client.health()).toMatchObject({ reachable: true });
    expect(proxy.asked).toEqual([
      ["events.pagerduty.test:443", undefined],
      ["events.pagerduty.test:443", undefined],
    ]);
    expect(receiver.received[0]!.headers.host).toBe("events.pagerduty.test");
    client.close();
  });

  test("from the environment, with a password", async () => {
    await using receiver = await receive(undefined, certificate);
    await using proxy = await startTunnelProxy({ leadTo: receiver.port });
    vi.stubEnv("HTTPS_PROXY", proxy.url.replace("://", "://us%40er:p%3Ass@"));
    const client = clientThrough(undefined);
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    expect(proxy.asked).toEqual([["events.pagerduty.test:443", `Basic ${btoa("us@er:p:ss")}`]]);
    client.close();
    // Requests to this machine use no proxy, and with `proxy: false` no request does.
    const own = clientThrough(undefined, { baseUrl: receiver.url.replace("127.0.0.1", "localhost") });
    expect(await own.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    await expect(clientThrough(false).resolve({ dedupKey: "d" })).rejects.toMatchObject({ code: "dns" });
    expect(proxy.asked).toHaveLength(1);
    own.close();
  });

  test("plain HTTP to this machine uses no proxy", async () => {
    await using receiver = await receive();
    const client = clientThrough("http://127.0.0.1:1", { baseUrl: receiver.url });
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    client.close();
  });

  test("an IPv6 address is requested in brackets", async () => {
    await using proxy = await startTunnelProxy(502);
    const client = clientThrough(proxy.url, { baseUrl: "https://[2001:db8::1]:8443" });
    await expect(client.resolve({ dedupKey: "d" })).rejects.toThrow("the proxy answered 502");
    expect(proxy.asked).toEqual([["[2001:db8::1]:8443", undefined]]);
  });

  test.each([403, 407, 502])("that answers %i the request fails unsent", async (status) => {
    await using proxy = await startTunnelProxy(status);
    await expect(clientThrough(proxy.url).resolve({ dedupKey: "d" })).rejects.toMatchObject({
      name: "PagerDutyNetworkError",
      code: "network",
      message: `Request failed: the proxy answered ${status}`,
      requestSent: false,
    });
  });

  test.each([
    ["HTTP/1.0 200 OK\r\n\r\n", "an answer of HTTP/1.0"],
    ["HTTP/1.1 200 OK\n\n", "an answer whose lines end with LF alone"],
    ["HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "another 2xx after an interim answer"],
    ["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "a Content-Length, which has no meaning in an answer to CONNECT"],
  ])("a tunnel begins after the head: %j, %s", async (opening) => {
    await using receiver = await receive(undefined, certificate);
    await using proxy = await startTunnelProxy({ leadTo: receiver.port, opening });
    const client = clientThrough(proxy.url);
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    client.close();
  });

  test("that hangs up the request fails unsent", async () => {
    await using proxy = await startTunnelProxy("hangUp");
    await expect(clientThrough(proxy.url).resolve({ dedupKey: "d" })).rejects.toMatchObject({
      code: "reset",
      requestSent: false,
    });
  });

  test("that is not running the request fails unsent", async () => {
    const proxy = await startTunnelProxy(502);
    await proxy[Symbol.asyncDispose]();
    await expect(clientThrough(proxy.url).resolve({ dedupKey: "d" })).rejects.toMatchObject({
      code: "refused",
      requestSent: false,
    });
  });

  test("that hangs the request times out, and an abort ends it", async () => {
    await using proxy = await startTunnelProxy("hang");
    await expect(clientThrough(proxy.url, { timeoutMs: 60 }).resolve({ dedupKey: "d" })).rejects.toMatchObject({
      code: "timeout",
      requestSent: false,
    });
    const stop = new AbortController();
    const call = clientThrough(proxy.url).resolve({ dedupKey: "d" }, { signal: stop.signal });
    while (proxy.asked.length < 2) await new Promise((resolve) => setImmediate(resolve));
    stop.abort("enough");
    await expect(call).rejects.toBe("enough");
    await Promise.all(proxy.closed);
  });

  test("a receiver with an untrusted certificate is refused", async () => {
    await using receiver = await receive(undefined, selfSigned());
    await using proxy = await startTunnelProxy({ leadTo: receiver.port });
    await expect(clientThrough(proxy.url).resolve({ dedupKey: "d" })).rejects.toMatchObject({ code: "tls" });
  });

  test("with TLS, its certificate must be trusted", async () => {
    await using proxy = await startTunnelProxy(502, certificate);
    await expect(clientThrough(proxy.url).resolve({ dedupKey: "d" })).rejects.toMatchObject({
      code: "tls",
      requestSent: false,
    });
    expect(proxy.asked).toEqual([]);
  });
});

test.each(["HTTPS_PROXY", "ALL_PROXY"])("the constructor refuses a wrong %s and does not quote it", (name) => {
  vi.stubEnv(name, "socks5://user:secret@proxy");
  expect(() => clientThrough(undefined)).toThrow(`Invalid options: ${name}: must be an http or https URL`);
  expect(() => clientThrough("socks5://user:secret@proxy")).toThrow(
    "Invalid options: proxy: must be an http or https URL",
  );
});
