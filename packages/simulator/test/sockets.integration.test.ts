import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Simulator } from "../src/index.ts";
import type { Listening } from "../src/index.ts";
import { trigger } from "./requests.ts";

/** The result for a plain client: a status, or the code of the error. */
interface Seen {
  readonly status?: number;
  readonly body?: string;
  readonly error?: string;
}

describe("faults on a socket", () => {
  let simulator: Simulator;
  let listening: Listening;
  let agent: Agent;

  beforeEach(async () => {
    simulator = new Simulator();
    listening = await simulator.listen({ euPort: 0 });
    agent = new Agent({ keepAlive: true });
  });

  afterEach(async () => {
    agent.destroy();
    await simulator.close();
  });

  const send = (dedupKey = "a", port = listening.port): Promise<Seen> => {
    const event = trigger(dedupKey);
    return new Promise((resolve) => {
      const request = httpRequest({
        port,
        host: "127.0.0.1",
        method: "POST",
        path: event.path,
        headers: { ...event.headers },
        agent,
      });
      request.on("error", (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
      request.on("response", (response: IncomingMessage) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
        response.on("error", (error: NodeJS.ErrnoException) =>
          resolve({ status: response.statusCode ?? 0, body, error: error.code ?? error.message }),
        );
      });
      request.end(event.body);
    });
  };

  test("resets before reading: nothing is taken in", async () => {
    simulator.setFaults("reset before");
    expect(await send()).toEqual({ error: "ECONNRESET" });
    expect(simulator.incidents()).toEqual([]);
  });

  test("resets after reading: the incident is open all the same", async () => {
    simulator.setFaults("reset after");
    expect(await send()).toEqual({ error: "ECONNRESET" });
    expect(simulator.incidents()).toHaveLength(1);
  });

  test("breaks off in the middle of an answer", async () => {
    simulator.setFaults("half");
    const seen = await send();
    expect(seen).toMatchObject({ status: 202, error: "ECONNRESET" });
    expect('{"status":"success","message":"Event processed","dedup_key":"a"}').toContain(seen.body);
  });

  test("answers late, headers or body, and whole", async () => {
    simulator.setFaults("times 1 slow headers by 20ms; times 1 slow body by 20ms");
    for (const _ of [1, 2]) {
      expect(await send()).toEqual({
        status: 202,
        body: '{"status":"success","message":"Event processed","dedup_key":"a"}',
      });
    }
  });

  test("never answers, until the client leaves: then the attempt is ambiguous", async () => {
    simulator.setFaults("slow headers by 1h");
    const event = trigger("a");
    const socket = connect(listening.port, "127.0.0.1");
    socket.write(`POST ${event.path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`);
    socket.write(`content-length: ${Buffer.byteLength(event.body)}\r\n\r\n${event.body}`);
    await until(() => simulator.requests().length === 1);
    expect(simulator.requests()).toMatchObject([{ applied: true, ambiguous: false }]);
    socket.destroy();
    await until(() => simulator.requests()[0]?.ambiguous === true);
  });

  test("refuses connections while the script says so", async () => {
    simulator.setFaults("refuse");
    expect(await send()).toEqual({ error: "ECONNRESET" });
    simulator.setFaults([]);
    expect(await send()).toMatchObject({ status: 202 });
  });

  test("stands for two regions that share nothing", async () => {
    await send("a", listening.port);
    await send("a", listening.euPort);
    expect(simulator.incidents().map((row) => [row.region, row.dedup_key])).toEqual([
      ["us", "a"],
      ["eu", "a"],
    ]);
  });

  test("notes an answer that may never have been read: the client left at once", async () => {
    const event = trigger("a");
    const socket = connect(listening.port, "127.0.0.1");
    socket.write(`POST ${event.path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`);
    socket.write(`content-length: ${Buffer.byteLength(event.body)}\r\n\r\n${event.body}`);
    await once(socket, "data");
    socket.destroy();
    await until(() => simulator.requests()[0]?.unread === true);
    expect(simulator.requests()).toMatchObject([{ status: 202, applied: true, ambiguous: false, unread: true }]);
  });

  test("reads no more than 20 MiB", async () => {
    const socket = connect(listening.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(`POST /v2/enqueue HTTP/1.1\r\nhost: x\r\ncontent-length: ${64 * 1024 * 1024}\r\n\r\n`);
    const chunk = Buffer.alloc(1024 * 1024, 32);
    const answered = once(socket, "data") as Promise<[Buffer]>;
    for (let sent = 0; sent < 21; sent += 1) socket.write(chunk);
    const [answer] = await answered;
    expect(answer.toString()).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });
});

/** Waits for what another turn of the event loop brings. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
