import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type AddressInfo, type LookupFunction, type Socket } from "node:net";
import { proxiesFrom } from "./proxy-settings.ts";
import { answer, ScriptedReceiver, VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { selfSigned } from "../test/self-signed.ts";
import { addressOf } from "./sender.ts";
import { Transport, type TransportOptions } from "./transport.ts";

const { signal } = new AbortController();
const operatorTrust = { fromSecret: false, linkLocal: false };
const post = { headers: ["content-type", "application/json"], body: "{}", signal };

/** Listens on a free port of this machine until the test ends. */
async function listen(server: Server): Promise<{ port: number } & AsyncDisposable> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const accept: RequestListener = (request, response) => {
  request.resume().on("end", () => response.writeHead(202).end("{}"));
};

/** A proxy that records requests and opens tunnels for CONNECT. */
function proxyServer(): { server: Server; seen: string[] } {
  const seen: string[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    accept(request, response);
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    seen.push(`CONNECT ${request.url}`);
    const onward = connect(Number(request.url!.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket])
      end.on("error", () => {
        onward.destroy();
        socket.destroy();
      });
  });
  return { server, seen };
}

describe("the transport", () => {
  test("keeps connections alive and shares them", async () => {
    await using receiver = await ScriptedReceiver.open(answer(202), answer(202), answer(202));
    await using transport = new Transport({ connections: 1 });
    const address = addressOf(`${receiver.url}/a?b=c`);
    for (let i = 0; i < 3; i++) expect(await transport.post({ ...post, address })).toMatchObject({ status: 202 });
    expect(receiver.connectionCount).toBe(1);
    expect(receiver.requests[0]!.head).toMatch(/^POST \/a\?b=c HTTP\/1\.1\r\n/);
  });

  test("knows that a request has not left while it waits for a connection", async () => {
    await using receiver = await ScriptedReceiver.open();
    await using transport = new Transport({ connections: 1 });
    const address = addressOf(receiver.url);
    const [first, second] = [new AbortController(), new AbortController()];
    const arrived = receiver.arrival();
    const busy = transport.post({ ...post, address, signal: first.signal });
    await arrived;
    const waiting = transport.post({ ...post, address, signal: second.signal });
    second.abort();
    expect(await waiting).toEqual({ kind: "stopped", left: false, timeout: false });
    first.abort();
    expect(await busy).toEqual({ kind: "stopped", left: true, timeout: false });
    expect(receiver.requests).toHaveLength(1);
  });

  test("sends waiting requests after a connection is lost", async () => {
    await using receiver = await ScriptedReceiver.open((socket) => void socket.resetAndDestroy(), answer(202));
    await using transport = new Transport({ connections: 1 });
    const address = addressOf(receiver.url);
    const [lost, next] = await Promise.all([
      transport.post({ ...post, address }),
      transport.post({ ...post, address }),
    ]);
    expect([lost.kind, next.kind]).toEqual(["failed", "answered"]);
  });

  test("reads at most 64 KiB of a body", async () => {
    await using receiver = await ScriptedReceiver.open(answer(500, "é".repeat(100_000)));
    await using transport = new Transport();
    const reply = await transport.post({ ...post, address: addressOf(receiver.url) });
    expect(reply.kind === "answered" && Buffer.byteLength(reply.body)).toBe(65_536);
  });

  test("sends a GET without a body and reads up to maxBytes of the response", async () => {
    await using receiver = await ScriptedReceiver.open(answer(200, "x".repeat(200_000)), answer(200, "x".repeat(200)));
    await using transport = new Transport();
    const get = { headers: ["accept", "text/plain"], address: addressOf(`${receiver.url}/list?page=2`), signal };
    const [large, small] = [
      await transport.get({ ...get, maxBytes: 1_000_000 }),
      await transport.get({ ...get, maxBytes: 100 }),
    ];
    expect([large, small].map((reply) => reply.kind === "answered" && reply.body.length)).toEqual([200_000, 100]);
    expect(receiver.requests[0]!.head).toMatch(/^GET \/list\?page=2 HTTP/);
    expect(receiver.requests[0]).toMatchObject({ body: "", head: expect.not.stringContaining("content-length") });
  });

  test("fails for a response that is not HTTP", async () => {
    await using receiver = await ScriptedReceiver.open((socket) => void socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    await using transport = new Transport();
    const reply = await transport.post({ ...post, address: addressOf(receiver.url) });
    expect(reply).toMatchObject({ kind: "failed", left: true, detail: expect.stringContaining("not HTTP") });
  });

  test("skips interim responses", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
    await using receiver = await ScriptedReceiver.open((socket, request) => {
      socket.write(early);
      answer(202)(socket, request);
    });
    await using transport = new Transport();
    expect(await transport.post({ ...post, address: addressOf(receiver.url) })).toMatchObject({ status: 202 });
  });

  test("trusts an authority for the connections that name it, and for no others", async () => {
    const { key, cert } = selfSigned();
    await using server = await listen(createHttpsServer({ key, cert }, accept));
    await using transport = new Transport();
    const address = addressOf(`https://127.0.0.1:${server.port}`);
    const trusting = { ...address, tls: { ca: cert } };
    expect(await transport.post({ ...post, address: trusting })).toMatchObject({ kind: "answered", status: 202 });
    const reply = await transport.post({ ...post, address });
    expect(reply).toEqual({
      kind: "failed",
      left: false,
      reason: "tls",
      detail: expect.stringContaining("SELF_SIGNED"),
    });
  });

  test("refuses a certificate for another name", async () => {
    const { key, cert } = selfSigned({ names: ["example.com"] });
    await using server = await listen(createHttpsServer({ key, cert }, accept));
    await using transport = new Transport();
    const address = { ...addressOf(`https://localhost:${server.port}`), tls: { ca: cert } };
    expect(await transport.post({ ...post, address })).toMatchObject({ left: false, reason: "tls" });
  });

  test("expects the server name of the TLS settings in place of the host", async () => {
    const own = selfSigned({ names: ["receiver.internal"] });
    const names: unknown[] = [];
    const server = createHttpsServer(own, accept);
    server.on("secureConnection", ({ servername }) => names.push(servername));
    await using listening = await listen(server);
    await using transport = new Transport();
    const address = addressOf(`https://localhost:${listening.port}`);
    const named = transport.for({ ...operatorTrust, tls: { ca: own.cert, serverName: "receiver.internal" } });
    expect(await named.post({ ...post, address })).toMatchObject({ kind: "answered", status: 202 });
    const unnamed = transport.for({ ...operatorTrust, tls: { ca: own.cert, serverName: "other.internal" } });
    expect(await unnamed.post({ ...post, address })).toMatchObject({ left: false, reason: "tls" });
    expect(names[0]).toBe("receiver.internal");
  });

  test("shares connections between senders with equal TLS settings only, and closes those that a rotation left", async () => {
    const own = selfSigned();
    const sockets: Socket[] = [];
    const server = createHttpsServer(own, accept);
    server.on("secureConnection", (socket) => sockets.push(socket));
    // The server itself closes no connection.
    server.keepAliveTimeout = 0;
    await using listening = await listen(server);
    const clock = new VirtualClock();
    await using transport = new Transport({ clock });
    const url = `https://127.0.0.1:${listening.port}`;
    const send = (ca: string) =>
      transport.for({ ...operatorTrust, tls: { ca } }).post({ ...post, address: addressOf(url) });
    const [first, second, third] = [own.cert, `${own.cert}\n`, `${own.cert}\n\n`];
    await send(first);
    await send(first);
    expect(sockets).toHaveLength(1);
    await send(second);
    await clock.advance(2 * 3_600_000);
    await send(second);
    expect(sockets[0]!.closed).toBe(false);
    const closed = once(sockets[0]!, "close");
    await send(third);
    await closed;
    expect(sockets.slice(-2).map((socket) => socket.closed)).toEqual([false, false]);
    // Its senders open it again.
    expect(await send(first)).toMatchObject({ status: 202 });
  });

  test("returns the status, however the rest of the response ends", async () => {
    const begun = "HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 99\r\n\r\nbus";
    await using receiver = await ScriptedReceiver.open(
      (socket) => void socket.end(begun),
      (socket) => void socket.write(`${begun.replace("content-length: 99", "transfer-encoding: chunked")}y\r\n`),
      (socket) => void socket.write(begun),
      answer(202),
    );
    await using transport = new Transport();
    const address = addressOf(receiver.url);
    const reply = { kind: "answered", status: 503, retryAfter: "7", body: "bus" };
    expect(await transport.post({ ...post, address })).toEqual(reply);
    expect(await transport.post({ ...post, address })).toEqual({ ...reply, body: "" });
    const controller = new AbortController();
    const read = receiver.arrival();
    const last = transport.post({ ...post, address, signal: controller.signal });
    await read;
    // The start of the first response was written before this request, so it is read before this response.
    await transport.post({ ...post, address });
    controller.abort();
    expect(await last).toEqual(reply);
  });

  test("opens new connections after a request on one timed out", async () => {
    await using receiver = await ScriptedReceiver.open(answer(202), answer(202), () => {}, answer(202));
    await using transport = new Transport();
    const address = addressOf(receiver.url);
    const both = [transport.post({ ...post, address }), transport.post({ ...post, address })];
    await Promise.all(both);
    const controller = new AbortController();
    const arrived = receiver.arrival();
    const silent = transport.post({ ...post, address, signal: controller.signal });
    await arrived;
    controller.abort(new DOMException("", "TimeoutError"));
    expect(await silent).toEqual({ kind: "stopped", left: true, timeout: true });
    expect(await transport.post({ ...post, address })).toMatchObject({ status: 202 });
    expect(receiver.connectionCount).toBe(3);
  });

  test("waits on close until requests in flight have ended", async () => {
    let finish: (() => void) | undefined;
    await using receiver = await ScriptedReceiver.open((socket, request) => {
      finish = () => answer(202)(socket, request);
    });
    const transport = new Transport();
    const arrived = receiver.arrival();
    const order: string[] = [];
    const posted = transport.post({ ...post, address: addressOf(receiver.url) }).then(() => order.push("answered"));
    await arrived;
    const close = () => transport.close().then(() => order.push("closed"));
    const closed = [close(), close()];
    finish?.();
    await Promise.all([posted, ...closed]);
    expect(order).toEqual(["answered", "closed", "closed"]);
  });

  test.each([
    ["a value", ["x-team", "a\r\nx-admin: yes"]],
    ["a value with an end of text", ["x-team", "a\0b"]],
    ["a name", ["x team", "a"]],
  ])("sends nothing if a header would begin another one: %s", async (_, headers) => {
    await using receiver = await ScriptedReceiver.open();
    await using transport = new Transport();
    const reply = await transport.post({ ...post, headers, address: addressOf(receiver.url) });
    expect(reply).toMatchObject({ kind: "failed", left: false, reason: "invalid_header" });
    expect(receiver.connectionCount).toBe(0);
  });

  test("writes headers beyond ASCII as one byte per character, and bodies in UTF-8", async () => {
    await using receiver = await ScriptedReceiver.open(answer(202));
    await using transport = new Transport();
    await transport.post({ ...post, headers: ["x-team", "Zoë"], body: `"Zoë"`, address: addressOf(receiver.url) });
    expect(receiver.requests).toMatchObject([{ head: expect.stringContaining("\r\nx-team: Zoë\r\n"), body: `"Zoë"` }]);
  });

  test("fails with reason tls if our own certificate is not PEM", async () => {
    await using transport = new Transport();
    const address = { ...addressOf("https://127.0.0.1:1"), tls: { cert: "secret", key: "secret" } };
    const reply = await transport.post({ ...post, address });
    expect(reply).toMatchObject({ kind: "failed", left: false, reason: "tls" });
    expect(JSON.stringify(reply)).not.toContain("secret");
  });

  test.each([
    ["http://no-such-host.invalid", "dns"],
    ["http://127.0.0.1:1", "refused"],
  ])("reports why it did not reach %s without quoting the URL", async (url, reason) => {
    await using transport = new Transport();
    const reply = await transport.post({ ...post, address: addressOf(`${url}/secret-path`) });
    expect(reply).toMatchObject({ kind: "failed", left: false, reason });
    expect(JSON.stringify(reply)).not.toMatch(/invalid|127|secret/);
  });
});

test.each([
  ["before the first byte of a response", "", {}],
  ["before its status", "HTTP/1.1 2", { answering: true }],
])("a request that times out %s says so", async (_, bytes, more) => {
  await using receiver = await ScriptedReceiver.open((socket) => void socket.write(bytes));
  await using transport = new Transport();
  const { headers, body } = post;
  const reply = await transport.post({ headers, body, address: addressOf(receiver.url), timeoutMs: 100 });
  expect(reply).toEqual({ kind: "stopped", left: true, timeout: true, ...more });
});

test("closeIdle closes idle connections, and further requests can be sent", async () => {
  await using receiver = await ScriptedReceiver.open(answer(202), answer(202));
  await using transport = new Transport();
  const request = { ...post, address: addressOf(receiver.url) };
  await transport.post(request);
  transport.closeIdle();
  expect(await transport.post(request)).toMatchObject({ status: 202 });
  expect(receiver.connectionCount).toBe(2);
});

test("a request that is aborted right before the write is not written", async () => {
  await using receiver = await ScriptedReceiver.open(answer(202));
  const controller = new AbortController();
  const beforeWrite = () => controller.abort(new DOMException("", "TimeoutError"));
  await using transport = new Transport({ beforeWrite });
  const reply = await transport.post({ ...post, address: addressOf(receiver.url), signal: controller.signal });
  expect(reply).toEqual({ kind: "stopped", left: false, timeout: true });
  expect(receiver.requests).toEqual([]);
});

const lookup: LookupFunction = (_, __, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]);

describe("a proxy", () => {
  test("gets whole URLs for requests that it forwards", async () => {
    const proxy = proxyServer();
    await using front = await listen(proxy.server);
    await using transport = new Transport({ proxy: proxiesFrom({ http_proxy: `127.0.0.1:${front.port}` }) });
    const reply = await transport.post({ ...post, address: addressOf("http://receiver.invalid:81/a?b=c") });
    expect(reply).toMatchObject({ kind: "answered", status: 202 });
    expect(proxy.seen).toEqual(["POST http://receiver.invalid:81/a?b=c"]);
  });

  test.each([
    ["HTTP/1.1 407 secret\r\n\r\n", "proxy_auth", "the proxy answered 407 (ERR_PROXY_TUNNEL)"],
    ["HTTP/1.1 407 secret\nproxy-authenticate: Basic\n\n", "proxy_auth", "the proxy answered 407 (ERR_PROXY_TUNNEL)"],
    ["HTTP/1.1 407 secret\r\n", "proxy_auth", "the proxy answered 407 (ERR_PROXY_TUNNEL)"],
    ["HTTP/1.1 403 secret\r\n\r\n", "network", "the proxy answered 403 (ERR_PROXY_TUNNEL)"],
    ["HTTP/1.0 503 secret\r\n\r\nsecret", "network", "the proxy answered 503 (ERR_PROXY_TUNNEL)"],
    ["SSH-2.0-secret\r\n", "network", "the proxy opens no tunnel (ERR_PROXY_TUNNEL)"],
  ])("that opens no tunnel got no request: %j", async (refusal, reason, detail) => {
    const server = createHttpServer();
    server.on("connect", (_: IncomingMessage, socket: Socket) => socket.end(refusal));
    await using front = await listen(server);
    const proxy = { https: new URL(`http://127.0.0.1:${front.port}`) };
    await using transport = new Transport({ proxy });
    expect(await transport.post({ ...post, address: addressOf("https://receiver.invalid") })).toEqual({
      kind: "failed",
      left: false,
      reason,
      detail,
    });
  });

  test("from the environment is used for https, and the receiver's certificate is checked", async () => {
    const { key, cert } = selfSigned({ names: ["receiver.invalid"] });
    const proxy = proxyServer();
    await using server = await listen(createHttpsServer({ key, cert }, accept));
    await using front = await listen(proxy.server);
    const options: TransportOptions = { proxy: proxiesFrom({ HTTPS_PROXY: `http://127.0.0.1:${front.port}` }) };
    await using transport = new Transport(options);
    const address = addressOf(`https://receiver.invalid:${server.port}`);
    const trusting = { ...address, tls: { ca: cert } };
    expect(await transport.post({ ...post, address: trusting })).toMatchObject({ kind: "answered", status: 202 });
    expect(await transport.post({ ...post, address })).toMatchObject({ kind: "failed", left: false, reason: "tls" });
    expect(proxy.seen).toContain(`CONNECT receiver.invalid:${server.port}`);
  });

  test.each([
    ["us%65r:p%40ss-word", "user:p@ss-word", "Basic [secret], which is [secret]"],
    ["t%6Fken-0123456789", "token-0123456789:", "Basic [secret], which is [secret]:"],
    // A short user name is no secret.
    ["squid", "squid:", "Basic c3F1aWQ6, which is squid:"],
  ])("that repeats its password does not reveal it: %s", async (user, meant, shown) => {
    const seen: string[] = [];
    await using front = await listen(
      createHttpServer((request, response) => {
        const { "proxy-authorization": told = "" } = request.headers;
        seen.push(told);
        response.writeHead(502).end(`${told}, which is ${Buffer.from(told.slice(6), "base64").toString()}`);
      }),
    );
    const proxy = { http: new URL(`http://${user}@127.0.0.1:${front.port}`) };
    await using transport = new Transport({ proxy });
    const reply = await transport.post({ ...post, address: addressOf("http://receiver.invalid/") });
    expect(seen).toEqual([`Basic ${Buffer.from(meant).toString("base64")}`]);
    expect(reply).toMatchObject({ kind: "answered", status: 502, body: shown });
  });

  test("is not used for hosts in no_proxy", async () => {
    await using receiver = await ScriptedReceiver.open(answer(202));
    const proxy = { http: new URL("http://127.0.0.1:1"), no: "example.com, receiver.test" };
    await using transport = new Transport({ proxy, lookup });
    const address = addressOf(receiver.url.replace("127.0.0.1", "receiver.test"));
    expect(await transport.post({ ...post, address })).toMatchObject({ status: 202 });
  });

  test("that is down got no request", async () => {
    await using receiver = await ScriptedReceiver.open();
    await using transport = new Transport({ proxy: { http: new URL("http://127.0.0.1:1") } });
    const address = addressOf(receiver.url.replace("127.0.0.1", "receiver.invalid"));
    const reply = await transport.post({ ...post, address });
    expect(reply).toMatchObject({ kind: "failed", left: false, reason: "refused" });
    expect(receiver.requests).toEqual([]);
  });
});
