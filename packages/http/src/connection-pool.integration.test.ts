import { once } from "node:events";
import { stat } from "node:fs";
import { createServer, type AddressInfo, type LookupFunction, type Server, type Socket } from "node:net";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { ConnectionPool } from "./connection-pool.ts";
import type { Response } from "./response-parser.ts";

const minute = 60_000;

/** One port at two addresses of this machine. `answer` makes the response of each. */
async function twoPlaces(answer: (socket: Socket, place: string, nth: number) => void) {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  let port = 0;
  for (const place of ["127.0.0.1", "127.0.0.2"]) {
    let count = 0;
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {}).on("data", () => answer(socket, place, count++));
    });
    server.listen(port, place);
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
    servers.push(server);
  }
  /** The address to which the name resolves now. */
  const name = { at: "127.0.0.1", lookups: 0 };
  const lookup: LookupFunction = (_, __, callback) => {
    name.lookups++;
    callback(null, [{ address: name.at, family: 4 }]);
  };
  return {
    name,
    lookup,
    port,
    connectionCount: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) {
        server.close();
        await once(server, "close");
      }
    },
  };
}

const ok = (socket: Socket, place: string) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n${place}`);
const status = (code: number) => (socket: Socket) => socket.write(`HTTP/1.1 ${code} X\r\ncontent-length: 0\r\n\r\n`);

/** Sends one request and stops waiting if no response comes. */
function send(pool: ConnectionPool, { patient = true } = {}): Promise<Response | Error> {
  return new Promise((resolve) => {
    pool.take((failure, connection) => {
      if (!connection) return resolve(failure!);
      connection.send("GET / HTTP/1.1\r\n\r\n", 100, (broken, response) => resolve(response ?? broken!));
      if (patient) return;
      connection.destroy();
      resolve(new Error("gave up"));
    });
  });
}

const placeOf = async (answer: Promise<Response | Error>) => ((await answer) as Response).body;

describe("a name that moves", () => {
  test("is followed after five minutes, or the time that is set", async () => {
    await using places = await twoPlaces(ok);
    for (const [options, ageMs] of [
      [{}, 5 * minute],
      [{ maxAgeMs: minute }, minute],
    ] as const) {
      const clock = new VirtualClock();
      const pool = new ConnectionPool(
        { hostname: "receiver.test", ...places },
        { maxConnections: 4, clock, ...options },
      );
      places.name.at = "127.0.0.1";
      await Promise.all([send(pool), send(pool)]);
      places.name.at = "127.0.0.2";
      await clock.advance(ageMs - 1);
      expect(await placeOf(send(pool))).toBe("127.0.0.1");
      await clock.advance(1);
      expect(await placeOf(send(pool))).toBe("127.0.0.2");
      expect(await placeOf(send(pool))).toBe("127.0.0.2");
      pool.close();
    }
  });

  test("is followed by requests that wait for a connection", async () => {
    await using places = await twoPlaces(ok);
    const clock = new VirtualClock();
    const pool = new ConnectionPool({ hostname: "receiver.test", ...places }, { maxConnections: 1, clock });
    await send(pool);
    const busy = send(pool);
    const waiting = send(pool);
    places.name.at = "127.0.0.2";
    await clock.advance(5 * minute);
    expect([await placeOf(busy), await placeOf(waiting)]).toEqual(["127.0.0.1", "127.0.0.2"]);
    pool.close();
  });

  test("is looked up for each request if the maximum age of connections is 0", async () => {
    await using places = await twoPlaces(ok);
    const pool = new ConnectionPool({ hostname: "receiver.test", ...places }, { maxConnections: 1, maxAgeMs: 0 });
    for (let i = 0; i < 3; i++) await send(pool);
    expect(places.name.lookups).toBe(3);
  });

  test.each<[string, (socket: Socket) => unknown, boolean?]>([
    ["a 500", status(500)],
    ["a 503", status(503)],
    ["a 421", status(421)],
    ["a reset", (socket) => socket.resetAndDestroy()],
    ["a close", (socket) => socket.end()],
    ["an answer that is not HTTP", (socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")],
    ["silence", () => {}, false],
  ])("is followed after %s, and no connection to the old address is used again", async (_, fail, patient = true) => {
    const busy: (() => void)[] = [];
    await using places = await twoPlaces((socket, place, nth) => {
      if (place === "127.0.0.2" || nth < 3) ok(socket, place);
      else if (nth === 3) busy.push(() => ok(socket, place));
      else fail(socket);
    });
    const pool = new ConnectionPool({ hostname: "receiver.test", ...places }, { maxConnections: 4 });
    await Promise.all([send(pool), send(pool), send(pool)]);
    places.name.at = "127.0.0.2";
    const inUse = send(pool);
    while (busy.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await send(pool, { patient });
    busy[0]!();
    expect(await placeOf(inUse)).toBe("127.0.0.1");
    expect(await Promise.all([1, 2, 3].map(() => placeOf(send(pool))))).toEqual(Array(3).fill("127.0.0.2"));
    pool.close();
  });

  test.each([202, 400, 404, 429])("keeps its connection after a %i", async (code) => {
    await using places = await twoPlaces(status(code));
    const pool = new ConnectionPool({ hostname: "receiver.test", ...places }, { maxConnections: 1 });
    for (let i = 0; i < 3; i++) expect(await send(pool)).toMatchObject({ status: code });
    expect([places.name.lookups, places.connectionCount()]).toEqual([1, 1]);
    pool.close();
  });
});

describe("an idle connection that the other end closes right before a request", () => {
  test.each<[string, (next: () => void) => unknown]>([
    ["a timer", (next) => setTimeout(next)],
    ["an event of the system", (next) => stat(".", next)],
    ["an immediate", setImmediate],
    ["a microtask", queueMicrotask],
  ])("gets no request: %s", async (_, later) => {
    const sockets: Socket[] = [];
    await using places = await twoPlaces((socket, place) => {
      sockets.push(socket);
      ok(socket, place);
    });
    const clock = new VirtualClock();
    const pool = new ConnectionPool({ hostname: "127.0.0.1", ...places }, { maxConnections: 2, clock });
    await Promise.all([send(pool), send(pool)]);
    await clock.advance(1_000);
    const answer = Promise.withResolvers<Response | Error>();
    later(() => {
      // Both are closed now. The request is made before this process has read the close.
      for (const socket of sockets) socket.destroy();
      answer.resolve(send(pool));
    });
    expect(await placeOf(answer.promise)).toBe("127.0.0.1");
    expect(places.connectionCount()).toBe(3);
    pool.close();
  });

  test("returns to the pool when the request is cancelled", async () => {
    await using places = await twoPlaces(ok);
    const clock = new VirtualClock();
    const pool = new ConnectionPool({ hostname: "127.0.0.1", ...places }, { maxConnections: 1, clock });
    await send(pool);
    await clock.advance(1_000);
    const giveUp = pool.take(() => expect.unreachable());
    giveUp();
    expect(await placeOf(send(pool))).toBe("127.0.0.1");
    expect(places.connectionCount()).toBe(1);
    pool.close();
  });

  test("is used at once in a burst: a connection that was used just now needs no check", async () => {
    await using places = await twoPlaces(ok);
    const clock = new VirtualClock();
    const pool = new ConnectionPool({ hostname: "127.0.0.1", ...places }, { maxConnections: 1, clock });
    await send(pool);
    const given: string[] = [];
    pool.take((_, connection) => {
      given.push("at once");
      connection?.destroy();
    });
    expect(given).toEqual(["at once"]);
  });
});

test("an address keeps its connection after a 503: there is no name to look up", async () => {
  await using places = await twoPlaces(status(503));
  const pool = new ConnectionPool({ hostname: "127.0.0.1", ...places }, { maxConnections: 1 });
  for (let i = 0; i < 3; i++) await send(pool);
  expect(places.connectionCount()).toBe(1);
  pool.close();
});
