import { once } from "node:events";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { accept, receive, receiveRaw, type Receiver } from "../../../http/test/receiver.ts";
import { selfSigned } from "../../../http/test/self-signed.ts";
import type { PagerDutyNetworkError } from "../errors.ts";
import { SocketTransport, type SocketTransportOptions } from "./socket-transport.ts";

function transportTo({ url }: Pick<Receiver, "url">, options: Partial<SocketTransportOptions> = {}): SocketTransport {
  const endpoints = { alert: new URL("/v2/enqueue", url), change: new URL("/v2/change/enqueue?x=1", url) };
  return new SocketTransport({ endpoints, userAgent: "test", maxConnections: 64, ...options });
}

const request = { endpoint: "alert", body: "{}", timeoutMs: 5000 } as const;
const ok = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n";

describe("connections", () => {
  test("are used again, last used first", async () => {
    const from: unknown[] = [];
    await using receiver = await receive((response, received, nth) => {
      from.push(response.socket?.remotePort);
      accept(response, received, nth);
    });
    const transport = transportTo(receiver);
    await Promise.all([transport.post(request), transport.post(request), transport.post(request)]);
    for (let i = 0; i < 5; i++) await transport.post(request);
    expect(receiver.connections).toBe(3);
    expect(new Set(from.slice(3)).size).toBe(1);
    transport.close();
  });

  test("do not exceed the maximum; other requests wait", async () => {
    const answers: (() => void)[] = [];
    await using receiver = await receive((response, received, nth) => {
      answers.push(() => accept(response, received, nth));
      if (answers.length === 2) for (const answer of answers.splice(0)) answer();
    });
    const transport = transportTo(receiver, { maxConnections: 2 });
    const done = await Promise.all(Array.from({ length: 10 }, () => transport.post(request)));
    expect([done.length, receiver.connections]).toEqual([10, 2]);
    transport.close();
  });

  test("that fail make room for waiting requests", async () => {
    await using receiver = await receiveRaw((socket, nth) =>
      socket.on("data", () => (nth === 0 ? socket.resetAndDestroy() : socket.write(`${ok}\r\n`))),
    );
    const transport = transportTo(receiver, { maxConnections: 1 });
    const results = await Promise.allSettled([
      transport.post(request),
      transport.post(request),
      transport.post(request),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(receiver.connections).toBe(2);
    transport.close();
  });

  test("that cannot be opened make room too, and each request gets its own failure", async () => {
    const receiver = await receive();
    await receiver[Symbol.asyncDispose]();
    const transport = transportTo(receiver, { maxConnections: 1 });
    const results = await Promise.allSettled([
      transport.post(request),
      transport.post(request),
      transport.post(request),
    ]);
    const codes = results.map(
      (result) => result.status === "rejected" && (result.reason as PagerDutyNetworkError).code,
    );
    expect(codes).toEqual(["refused", "refused", "refused"]);
  });

  test("are released when a request is aborted, in any stage", async () => {
    let answering = false;
    await using receiver = await receiveRaw((socket) => {
      socket.on("data", () => answering && socket.write(`${ok}\r\n`));
    });
    const transport = transportTo(receiver, { maxConnections: 1 });
    const stop = Array.from({ length: 3 }, () => new AbortController());
    const posts = stop.map(({ signal }) => transport.post({ ...request, signal }).catch((error: unknown) => error));
    // The first request is connecting and the others wait. After its abort the third connects.
    stop[1]!.abort("second");
    stop[0]!.abort("first");
    stop[2]!.abort("third");
    expect(await Promise.all(posts)).toEqual(["first", "second", "third"]);
    answering = true;
    expect(await Promise.all([transport.post(request), transport.post(request)])).toMatchObject([
      { status: 202 },
      { status: 202 },
    ]);
    transport.close();
  });

  test("are not given to an aborted request", async () => {
    const answers: (() => void)[] = [];
    await using receiver = await receive((response, received, nth) =>
      answers.push(() => accept(response, received, nth)),
    );
    const transport = transportTo(receiver, { maxConnections: 1 });
    const stop = new AbortController();
    const first = transport.post(request);
    const second = transport.post({ ...request, signal: stop.signal }).catch((error: unknown) => error);
    while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort("second");
    answers.shift()!();
    expect([await second, (await first).status]).toEqual(["second", 202]);
    const third = transport.post({ ...request, body: '{"dedup_key":"third"}' });
    while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve));
    answers.shift()!();
    await third;
    expect(receiver.received.map(({ body }) => body)).toEqual(["{}", '{"dedup_key":"third"}']);
    transport.close();
  });

  test("that are not free in time cause a timeout before the write", async () => {
    await using receiver = await receiveRaw((socket) => socket.resume());
    const transport = transportTo(receiver, { maxConnections: 1 });
    const first = transport.post({ ...request, timeoutMs: 100 });
    const second = transport.post({ ...request, timeoutMs: 50 });
    await expect(second).rejects.toMatchObject({
      code: "timeout",
      requestSent: false,
      message: "Timed out after 50 ms while connecting",
    });
    await expect(first).rejects.toMatchObject({ code: "timeout", requestSent: true });
  });

  test("are closed when the receiver says so", async () => {
    await using receiver = await receiveRaw((socket) =>
      socket.on("data", () => socket.write(`${ok}connection: close\r\n\r\n`)),
    );
    const transport = transportTo(receiver);
    for (let i = 0; i < 3; i++) await transport.post(request);
    expect(receiver.connections).toBe(3);
  });

  test("are closed when unrequested bytes come", async () => {
    const closed: Promise<unknown>[] = [];
    await using receiver = await receiveRaw((socket) => {
      closed.push(once(socket, "close"));
      socket.once("data", () => {
        socket.write(`${ok}\r\n`);
        setImmediate(() => socket.write("HTTP/1.1 408 Request Timeout\r\n\r\n"));
      });
    });
    const transport = transportTo(receiver);
    for (let i = 1; i <= 2; i++) {
      expect(await transport.post(request)).toMatchObject({ status: 202 });
      await Promise.all(closed);
    }
    expect(receiver.connections).toBe(2);
  });

  test("that are idle are closed by us shortly before the receiver would close them", async () => {
    const closed = Promise.withResolvers<void>();
    await using receiver = await receiveRaw((socket) => {
      socket.on("end", () => closed.resolve());
      socket.on("data", () => socket.write(`${ok}keep-alive: timeout=1\r\n\r\n`));
    });
    await transportTo(receiver).post(request);
    await closed.promise;
    expect(receiver.connections).toBe(1);
  });

  test("that are idle are not used after a request got no answer", async () => {
    let silent = false;
    await using receiver = await receiveRaw((socket) => socket.on("data", () => silent || socket.write(`${ok}\r\n`)));
    const transport = transportTo(receiver);
    await Promise.all([transport.post(request), transport.post(request)]);
    silent = true;
    await expect(transport.post({ ...request, timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
    silent = false;
    await transport.post(request);
    expect(receiver.connections).toBe(3);
    transport.close();
  });

  test("have no time limit when the caller sets none", async () => {
    await using receiver = await receive();
    const transport = transportTo(receiver);
    expect(await transport.post({ ...request, timeoutMs: Number.POSITIVE_INFINITY })).toMatchObject({ status: 202 });
    transport.close();
  });

  test("that are idle are closed by close, and the transport can still be used", async () => {
    const closed: Promise<unknown>[] = [];
    await using receiver = await receiveRaw((socket) => {
      closed.push(once(socket, "close"));
      socket.on("data", () => socket.write(`${ok}\r\n`));
    });
    const transport = transportTo(receiver);
    await transport.post(request);
    transport.close();
    await Promise.all(closed);
    await transport.post(request);
    expect(receiver.connections).toBe(2);
    transport.close();
  });
});

describe("an answer", () => {
  test("in single bytes is read", async () => {
    const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nretry-after: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
    await using receiver = await receiveRaw((socket) => {
      socket.setNoDelay(true);
      socket.once("data", () => {
        const bytes = text.split("");
        const next = () => socket.write(bytes.shift()!, () => bytes.length > 0 && setImmediate(next));
        next();
      });
    });
    const transport = transportTo(receiver);
    expect(await transport.post(request)).toMatchObject({ status: 429, retryAfter: "9", body: "{}" });
    transport.close();
  });

  test("in pieces is not mixed with others that come at the same time", async () => {
    const sockets: Socket[] = [];
    await using receiver = await receiveRaw((socket) => void sockets.push(socket.resume()));
    const transport = transportTo(receiver);
    const names = ["one", "two", "six"];
    const answers = Promise.all(names.map(() => transport.post(request)));
    while (sockets.length < names.length) await new Promise((resolve) => setImmediate(resolve));
    const texts = names.map(
      (name) => `HTTP/1.1 202 Accepted\r\nretry-after: ${name}\r\ncontent-length: 3\r\n\r\n${name}`,
    );
    for (let at = 0; at < texts[0]!.length; at += 7)
      for (const [index, text] of texts.entries()) {
        sockets[index]!.write(text.slice(at, at + 7));
        await new Promise((resolve) => setImmediate(resolve));
      }
    const heard = (await answers).map(({ retryAfter, body }) => `${retryAfter} ${body}`);
    expect(new Set(heard)).toEqual(new Set(names.map((name) => `${name} ${name}`)));
    transport.close();
  });

  test("without a length ends with its connection", async () => {
    await using receiver = await receiveRaw((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 202 OK\r\n\r\n{}")),
    );
    expect(await transportTo(receiver).post(request)).toMatchObject({ status: 202, body: "{}" });
    expect(await transportTo(receiver).post(request)).toMatchObject({ status: 202, body: "{}" });
  });

  test("that comes before the end of a large request counts", async () => {
    await using receiver = await receiveRaw((socket) =>
      socket.once("data", () =>
        socket.write("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
      ),
    );
    expect(await transportTo(receiver).post({ ...request, body: "x".repeat(500_000) })).toMatchObject({ status: 413 });
  });
});

describe("TLS", () => {
  test("is spoken with authorities of our own, by name and by address", async () => {
    const certificate = selfSigned();
    const names: (string | false | undefined)[] = [];
    await using receiver = await receive((response, received, nth) => {
      names.push((response.socket as { servername?: string | false }).servername);
      accept(response, received, nth);
    }, certificate);
    for (const url of [receiver.url, receiver.url.replace("127.0.0.1", "localhost")]) {
      const transport = transportTo({ url }, { ca: certificate.cert });
      expect(await transport.post(request)).toMatchObject({ status: 202 });
      expect(await transport.post({ ...request, endpoint: "change" })).toMatchObject({ status: 202 });
      transport.close();
    }
    expect([receiver.connections, names]).toEqual([2, [false, false, "localhost", "localhost"]]);
    expect(receiver.received.map(({ path }) => path)).toEqual([
      "/v2/enqueue",
      "/v2/change/enqueue?x=1",
      "/v2/enqueue",
      "/v2/change/enqueue?x=1",
    ]);
  });

  test("is resumed on the next connection", async () => {
    const certificate = selfSigned();
    const resumed: boolean[] = [];
    await using receiver = await receive((response, received, nth) => {
      resumed.push((response.socket as TLSSocket).isSessionReused());
      response.setHeader("connection", "close");
      accept(response, received, nth);
    }, certificate);
    const transport = transportTo(receiver, { ca: certificate.cert });
    for (let i = 0; i < 3; i++) await transport.post(request);
    expect(resumed).toEqual([false, true, true]);
  });
});
