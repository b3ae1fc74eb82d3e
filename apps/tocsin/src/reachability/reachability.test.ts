import { createServer, type Server } from "node:net";
import { createServer as createTls } from "node:tls";

import { VirtualClock } from "@tocsin/testkit";
import { describe, expect, test } from "vitest";

import { selfSigned } from "../../../../packages/pagerduty/test/self-signed.ts";
import { createLogger } from "../telemetry/logger.ts";
import { Scrubber } from "../telemetry/scrubber.ts";
import { reach } from "./reach.ts";
import { Reachability } from "./reachability.ts";

const noProxy = { http: undefined, https: undefined, no: undefined };

/** A server on loopback, for one test. */
async function listening(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
const silent = () => createServer((socket) => socket.on("error", () => {}).resume());
const forever = new AbortController().signal;

describe("a server", () => {
  test("that listens can be reached; nothing is sent", async () => {
    const received: string[] = [];
    const server = createServer((socket) =>
      socket.on("data", (data) => received.push(String(data))).on("error", () => {}),
    );
    await using open = await listening(server);
    expect(await reach(new URL(`http://127.0.0.1:${open.port}`), forever)).toEqual({
      ok: true,
      tookMs: expect.any(Number),
    });
    expect(received).toEqual([]);
  });

  test("whose name cannot be looked up fails there, one that is off at the connection", async () => {
    expect(await reach(new URL(`https://${"a".repeat(64)}.invalid`), forever)).toMatchObject({
      ok: false,
      step: "dns",
    });
    const { port, ...closed } = await listening(silent());
    await closed[Symbol.asyncDispose]();
    expect(await reach(new URL(`https://127.0.0.1:${port}`), forever)).toMatchObject({
      ok: false,
      step: "tcp",
      detail: "ECONNREFUSED",
    });
  });

  test("whose certificate nobody vouches for fails at the handshake", async () => {
    await using open = await listening(createTls(selfSigned(), (socket) => socket.on("error", () => {})));
    expect(await reach(new URL(`https://127.0.0.1:${open.port}`), forever)).toMatchObject({
      ok: false,
      step: "tls",
      detail: expect.stringMatching(/SELF_SIGNED/),
    });
  });

  test("that accepts and says nothing fails in time", async () => {
    await using open = await listening(silent());
    const result = await reach(new URL(`https://127.0.0.1:${open.port}`), AbortSignal.timeout(50));
    expect(result).toMatchObject({ ok: false, step: "tls", detail: "no answer in time" });
    expect(await reach(new URL("http://127.0.0.1:1"), AbortSignal.abort())).toMatchObject({ ok: false });
  });
});

describe("reachability", () => {
  const logs: string[] = [];
  const log = createLogger({ level: "info", format: "json" }, new Scrubber(), (line) => logs.push(line));

  test("is found now and then, for the servers that there are, and said when it turns", async () => {
    const clock = new VirtualClock();
    const server = await listening(silent());
    const origin = `http://127.0.0.1:${server.port}`;
    let origins = [origin, origin];
    const reachability = new Reachability({ clock, log, origins: () => origins, proxy: noProxy });
    reachability.start();
    expect(reachability.of(origin)).toBeUndefined();
    await clock.advance(5_000);
    await reachability.check();
    expect(reachability.of(origin)).toMatchObject({ ok: true, atMs: clock.now() });
    await server[Symbol.asyncDispose]();
    await reachability.check();
    await reachability.check();
    expect(reachability.of(origin)).toMatchObject({ ok: false, detail: "ECONNREFUSED" });
    expect(logs.filter((line) => line.includes("cannot be reached"))).toHaveLength(1);
    origins = [];
    await reachability.check();
    expect(reachability.of(origin)).toBeUndefined();
    await reachability.stop();
    expect(clock.nextAtMs()).toBeNull();
  });

  test.each([
    ["http://127.0.0.1:1", { ...noProxy, https: "http://proxy" }, true],
    ["http://127.0.0.1:1", { ...noProxy, http: "http://proxy" }, false],
    ["http://127.0.0.1:1", { ...noProxy, http: "http://proxy", no: "localhost,127.0.0.1" }, true],
    ["http://a.localhost:1", { ...noProxy, http: "http://proxy", no: ".localhost" }, true],
    ["https://127.0.0.1:1", { ...noProxy, http: "http://proxy" }, false],
  ])("of %s with %j is tried: %s", async (origin, proxy, tried) => {
    const reachability = new Reachability({ clock: new VirtualClock(), log, origins: () => [origin], proxy });
    await reachability.check();
    expect(reachability.of(origin) !== undefined).toBe(tried);
    await reachability.stop();
  });
});
