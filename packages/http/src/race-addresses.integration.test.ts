import type { Socket } from "node:net";
import { EventEmitter } from "node:events";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { raceAddresses } from "./race-addresses.ts";

/** Addresses of two families, as a resolver returns them. */
const found = (...addresses: string[]) =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

/** A race whose attempts the test ends manually. */
function race(...addresses: string[]) {
  const clock = new VirtualClock();
  /** The attempts, in the order in which they began. */
  const sockets = new Map<string, EventEmitter & { closed: boolean }>();
  const startedAtMs: Record<string, number> = {};
  const beganAtMs = clock.monotonic();
  const results: unknown[] = [];
  const open = (address: string) => {
    const socket = Object.assign(new EventEmitter(), { closed: false, destroy: () => (socket.closed = true) });
    sockets.set(address, socket);
    startedAtMs[address] = clock.monotonic() - beganAtMs;
    return socket as unknown as Socket;
  };
  const cancel = raceAddresses(found(...addresses), open, clock, (error, socket) => {
    const winner = [...sockets].find(([, one]) => (one as unknown) === socket)?.[0];
    results.push(winner ?? error);
  });
  return {
    clock,
    cancel,
    startedAtMs,
    results,
    connect: (address: string) => sockets.get(address)!.emit("connect"),
    fail: (address: string, code: string) => sockets.get(address)!.emit("error", Object.assign(new Error(), { code })),
    open: () => [...sockets].filter(([, { closed }]) => !closed).map(([address]) => address),
  };
}

describe("a race of addresses", () => {
  test("alternates between IPv6 and IPv4 and begins with the first, 250 ms apart", async () => {
    const { clock, startedAtMs } = race("::1", "::2", "::3", "127.0.0.1", "127.0.0.2");
    await clock.advance(5_000);
    expect(startedAtMs).toEqual({ "::1": 0, "127.0.0.1": 250, "::2": 500, "127.0.0.2": 750, "::3": 1_000 });
    expect(Object.keys(race("127.0.0.1", "::1").startedAtMs)).toEqual(["127.0.0.1"]);
  });

  test("starts the next attempt at once when one fails", async () => {
    const { clock, startedAtMs, fail } = race("::1", "127.0.0.1", "127.0.0.2");
    await clock.advance(100);
    fail("::1", "ENETUNREACH");
    expect(startedAtMs).toEqual({ "::1": 0, "127.0.0.1": 100 });
    // The 250 ms count from the attempt before.
    await clock.advance(249);
    expect(startedAtMs["127.0.0.2"]).toBeUndefined();
    await clock.advance(1);
    expect(startedAtMs["127.0.0.2"]).toBe(350);
  });

  test("is won by the first attempt that connects, however late it began; the others are closed", async () => {
    const { clock, connect, results, open, fail } = race("::1", "127.0.0.1", "127.0.0.2", "127.0.0.3");
    await clock.advance(600);
    connect("127.0.0.1");
    expect([results, open()]).toEqual([["127.0.0.1"], ["127.0.0.1"]]);
    // Later results of the losers have no effect, and no other attempt begins.
    connect("::1");
    fail("127.0.0.2", "ECONNRESET");
    await clock.advance(5_000);
    expect([results.length, open(), clock.nextAtMs()]).toEqual([1, ["127.0.0.1"], null]);
  });

  test("lets an early attempt win after later ones failed", async () => {
    const { clock, connect, fail, results } = race("::1", "127.0.0.1");
    await clock.advance(250);
    fail("127.0.0.1", "ECONNREFUSED");
    // More than four times Node's own limit for one address.
    await clock.advance(2_300);
    connect("::1");
    expect(results).toEqual(["::1"]);
  });

  test("fails when all have failed, with the error that says most first", () => {
    const { fail, results } = race("::1", "127.0.0.1");
    fail("::1", "ENETUNREACH");
    expect(results).toEqual([]);
    fail("127.0.0.1", "ECONNREFUSED");
    expect(results).toMatchObject([{ errors: [{ code: "ECONNREFUSED" }, { code: "ENETUNREACH" }] }]);
    const single = race("127.0.0.1");
    single.fail("127.0.0.1", "ECONNREFUSED");
    expect(single.results).toMatchObject([{ code: "ECONNREFUSED" }]);
  });

  test("that is cancelled closes all attempts and reports nothing", async () => {
    const { clock, cancel, open, connect, results } = race("::1", "127.0.0.1", "127.0.0.2");
    await clock.advance(250);
    cancel();
    connect("::1");
    await clock.advance(5_000);
    expect([open(), results, clock.nextAtMs()]).toEqual([[], [], null]);
  });
});
