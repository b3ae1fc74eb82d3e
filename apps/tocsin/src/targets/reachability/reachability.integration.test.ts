import { createServer, type LookupFunction, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import { operatorLinkLocalRules, operatorRules } from "@tocsin/http";
import { HangingListener, VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { selfSigned } from "../../../../../packages/http/test/self-signed.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { Scrubber } from "../../telemetry/scrubber.ts";
import { reach } from "./reach.ts";
import { Reachability } from "./reachability.ts";

const noProxy = {};
const someProxy = new URL("http://proxy");

/** A server on loopback, for one test. */
async function listening(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { port, [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}
const silent = () => createServer((socket) => socket.on("error", () => {}).resume());
const forever = new AbortController().signal;
const guardedly = { guard: { rules: operatorRules, ownPort: false } };
const anywhere = { guard: { rules: operatorLinkLocalRules, ownPort: false } };
const guard = {
  rulesOf: ({ linkLocal }: { linkLocal: boolean }) => (linkLocal ? operatorLinkLocalRules : operatorRules),
  ownPort: () => undefined,
};
const resolve: LookupFunction = (_host, { all }, found) =>
  all ? found(null, [{ address: "0.0.0.0", family: 4 }]) : found(null, "0.0.0.0", 4);
const at = (origin: string) => ({ origin, fromSecret: false, linkLocal: false });

describe("a server", () => {
  test("that listens can be reached; nothing is sent", async () => {
    const received: string[] = [];
    const server = createServer((socket) =>
      socket.on("data", (data) => received.push(String(data))).on("error", () => {}),
    );
    await using open = await listening(server);
    expect(await reach(new URL(`http://127.0.0.1:${open.port}`), forever, guardedly)).toEqual({
      ok: true,
      tookMs: expect.any(Number),
    });
    expect(received).toEqual([]);
  });

  test("whose name cannot be looked up fails at dns, and one that is off fails at tcp", async () => {
    expect(await reach(new URL(`https://${"a".repeat(64)}.invalid`), forever, guardedly)).toMatchObject({
      ok: false,
      step: "dns",
    });
    const { port, ...closed } = await listening(silent());
    await closed[Symbol.asyncDispose]();
    expect(await reach(new URL(`https://127.0.0.1:${port}`), forever, guardedly)).toMatchObject({
      ok: false,
      step: "tcp",
      detail: "ECONNREFUSED",
    });
  });

  test("with an untrusted certificate fails at tls", async () => {
    await using open = await listening(createTls(selfSigned(), (socket) => socket.on("error", () => {})));
    expect(await reach(new URL(`https://127.0.0.1:${open.port}`), forever, guardedly)).toMatchObject({
      ok: false,
      step: "tls",
      detail: expect.stringMatching(/SELF_SIGNED/),
    });
  });

  test("at a forbidden address is not connected to, by number or by name, unless its target allows it", async () => {
    const connections: Socket[] = [];
    await using open = await listening(
      createServer((socket) => connections.push(socket.on("error", () => {}).resume())),
    );
    const forbidden = { ok: false, detail: "FORBIDDEN_ADDRESS" };
    // Another address of this machine: it would answer.
    const [byNumber, byName] = ["0.0.0.0", "metadata.test"].map((host) => new URL(`http://${host}:${open.port}`));
    if (!byNumber || !byName) throw new Error("there are two");
    expect(await reach(byNumber, forever, { ...guardedly, resolve })).toMatchObject({ ...forbidden, step: "tcp" });
    expect(await reach(byName, forever, { ...guardedly, resolve })).toMatchObject({ ...forbidden, step: "dns" });
    expect(connections).toEqual([]);
    expect(await reach(byNumber, forever, { ...anywhere, resolve })).toMatchObject({ ok: true });
    expect(await reach(byName, forever, { ...anywhere, resolve })).toMatchObject({ ok: true });
  });

  test("is reached at its second address when the first one hangs", async () => {
    await using open = await listening(silent());
    await using hanging = await HangingListener.open("127.0.0.2", open.port);
    const twoAddresses: LookupFunction = (_host, _options, found) =>
      found(
        null,
        [hanging.host, "127.0.0.1"].map((address) => ({ address, family: 4 })),
      );
    const url = new URL(`http://receiver.test:${open.port}`);
    expect(await reach(url, forever, { ...guardedly, resolve: twoAddresses })).toMatchObject({ ok: true });
  });

  test("that accepts and stays silent fails at its time limit", async () => {
    await using open = await listening(silent());
    const result = await reach(new URL(`https://127.0.0.1:${open.port}`), AbortSignal.timeout(50), guardedly);
    expect(result).toMatchObject({ ok: false, step: "tls", detail: "no answer in time" });
    expect(await reach(new URL("http://127.0.0.1:1"), AbortSignal.abort(), guardedly)).toMatchObject({ ok: false });
  });
});

describe("reachability", () => {
  const logs: string[] = [];
  const log = createLogger({ level: "info", format: "json" }, new Scrubber(), (line) => logs.push(line));

  test("is checked now and then for the current servers, and changes are logged", async () => {
    const clock = new VirtualClock();
    const server = await listening(silent());
    const origin = `http://127.0.0.1:${server.port}`;
    let origins = [at(origin), at(origin)];
    const reachability = new Reachability({ guard, clock, log, origins: () => origins, proxy: noProxy });
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

  test("one target that allows any address is enough for all targets at its origin", async () => {
    await using open = await listening(silent());
    const origin = `http://0.0.0.0:${open.port}`;
    const found = async (...allowed: boolean[]) => {
      const origins = () => allowed.map((linkLocal) => ({ origin, fromSecret: false, linkLocal }));
      const reachability = new Reachability({ guard, clock: new VirtualClock(), log, origins, proxy: noProxy });
      await reachability.check();
      await reachability.stop();
      return reachability.of(origin)?.ok;
    };
    expect(await found(false)).toBe(false);
    expect(await found(true, false)).toBe(true);
    expect(await found(false, true)).toBe(true);
  });

  test.each([
    ["http://a.invalid:1", { https: someProxy }, true],
    ["http://a.invalid:1", { http: someProxy }, false],
    ["http://a.invalid:1", { http: someProxy, no: "invalid." }, true],
    ["https://a.invalid:1", { http: someProxy }, true],
    ["https://a.invalid:1", { https: someProxy }, false],
    ["http://127.0.0.1:1", { http: someProxy, https: someProxy }, true],
  ])("for %s with %j is checked: %s", async (origin, proxy, tried) => {
    const reachability = new Reachability({
      guard,
      clock: new VirtualClock(),
      log,
      origins: () => [at(origin)],
      proxy,
    });
    await reachability.check();
    expect(reachability.of(origin) !== undefined).toBe(tried);
    await reachability.stop();
  });
});
