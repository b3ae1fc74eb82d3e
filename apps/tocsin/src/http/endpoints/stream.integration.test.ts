import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Incident, IncidentView } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import type { Listener } from "../../stream/incident-stream.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { Scrubber } from "../../telemetry/scrubber.ts";
import { Auth } from "../auth.ts";
import { createServer } from "../server.ts";
import { streamEndpoints } from "./stream.ts";

interface Joined {
  readonly listener: Listener;
  readonly lastEventId: string | undefined;
  left: boolean;
}

/** A server whose stream sends nothing by itself. */
async function serverOf(refusal?: string) {
  const joined: Joined[] = [];
  const stream = {
    refusal,
    join(listener: Listener, lastEventId?: string) {
      const one: Joined = { listener, lastEventId, left: false };
      joined.push(one);
      listener.send(":\n\n");
      return () => void (one.left = true);
    },
  };
  const refusals = { refused: () => {}, refusedBytes: () => {} };
  const auth = new Auth({
    listen: { host: "127.0.0.1", port: 0 },
    tokens: [],
    clients: [],
    publicUrl: undefined,
    allowedHosts: [],
  });
  const log = createLogger({ level: "silent", format: "json" }, new Scrubber(), () => {});
  const app = createServer({
    endpoints: streamEndpoints({ stream }),
    maxBodyBytes: 1_000,
    ledger: "tocsin.db",
    log,
    refusals,
    auth: () => auth,
  });
  const url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/api/v1/events/stream`;
  return { url, joined, app, [Symbol.asyncDispose]: () => app.close() };
}

const viewOf = (target: string, ...fingerprints: string[]) => {
  const members = fingerprints.map((fingerprint) => ({ fingerprint }));
  return { incident: { target, members } as unknown as Incident } as IncidentView;
};

/** Sends a request as a client that then reads nothing. */
async function deafTo(url: string): Promise<Socket> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1").pause();
  await once(socket, "connect");
  // The server closed the connection.
  socket.on("error", () => {});
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return socket;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the stream of events", () => {
  test("delivers events at once, and notices clients that reconnect or leave", async () => {
    await using server = await serverOf();
    const abort = new AbortController();
    const response = await fetch(server.url, { headers: { "last-event-id": "x-1" }, signal: abort.signal });
    expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([
      200,
      "text/event-stream",
      "no-store",
    ]);
    expect(response.headers.get("content-encoding")).toBeNull();
    const [one] = server.joined;
    expect(one?.lastEventId).toBe("x-1");
    const texts = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await texts.read()).value).toBe(":\n\n");
    one?.listener.send("data: Ä\n\n");
    expect((await texts.read()).value).toBe("data: Ä\n\n");
    abort.abort();
    while (!server.joined.every(({ left }) => left)) await turn();
    // An event for a client that has left is dropped.
    one?.listener.send("data: 1\n\n");
    one?.listener.end();
  });

  test.each([
    ["", [true, true, true]],
    ["?target=one", [true, true, false]],
    ["?fingerprint=b", [false, true, true]],
    ["?target=one&fingerprint=b", [false, true, false]],
  ])("with %j sends the incidents that the list shows with it", async (query, expected) => {
    await using server = await serverOf();
    const response = await fetch(`${server.url}${query}`);
    const views = [viewOf("one", "a"), viewOf("one", "a", "b"), viewOf("two", "b")];
    expect(views.map((view) => server.joined[0]?.listener.concerns(view))).toEqual(expected);
    await response.body?.cancel();
  });

  test("is refused with a reason if it is full or stopping", async () => {
    await using server = await serverOf("it is full");
    const response = await fetch(server.url);
    expect([response.status, response.headers.get("retry-after"), await response.json(), server.joined]).toEqual([
      503,
      "5",
      { error: { code: "unavailable", message: "it is full", issues: [] } },
      [],
    ]);
  });

  test("answers HEAD without a listener", async () => {
    await using server = await serverOf();
    const { status, headers } = await fetch(server.url, { method: "HEAD" });
    expect([status, headers.get("content-type"), server.joined]).toEqual([200, "text/event-stream", []]);
  });

  test("ends at once, for clients that read and for clients that do not", async () => {
    await using server = await serverOf();
    const response = await fetch(server.url);
    const deaf = await deafTo(server.url);
    while (server.joined.length < 2) await turn();
    // More than the network buffers.
    server.joined[1]?.listener.send("x".repeat(30_000_000));
    for (const { listener } of server.joined) listener.end();
    expect(await response.text()).toBe(":\n\n");
    while (!server.joined.every(({ left }) => left)) await turn();
    deaf.destroy();
  });

  test("disconnects a client that does not read, and does not buffer for it", async () => {
    await using server = await serverOf();
    const deaf = await deafTo(server.url);
    while (server.joined.length === 0) await turn();
    // The network buffers some megabytes.
    for (let said = 0; said < 200; said++) {
      server.joined[0]?.listener.send("x".repeat(100_000));
      await turn();
    }
    expect(server.joined[0]?.left).toBe(true);
    deaf.destroy();
  });
});
