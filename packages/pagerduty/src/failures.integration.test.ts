import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { LeapingClock } from "../test/leaping-clock.ts";
import { accept, type Answering, receive, receiveRaw, type Receiver, reply } from "../../http/test/receiver.ts";
import { selfSigned } from "../../http/test/self-signed.ts";
import { PagerDutyEventsClient } from "./client.ts";
import * as is from "./error-predicates.ts";
import type { PagerDutyError } from "./errors.ts";
import { unlimited } from "./limiter/limiter.ts";
import type { ClientOptions } from "./options.ts";

const routingKey = "0123456789abcdef0123456789abcdef";
const payload = { summary: "s", source: "h", severity: "info" } as const;

/** The expected failure. `waitsMs` are the waits between its attempts, when `random` returns one half. */
interface Failure {
  name: string;
  code: string;
  predicates: string[];
  attempts: number;
  waitsMs: number[];
  status?: number;
  message?: unknown;
  requestSent?: boolean;
}

const backoff = [50, 100, 200];
const network = (code: string, rest: Partial<Failure> = {}): Failure => ({
  name: "PagerDutyNetworkError",
  code,
  predicates: code === "timeout" ? ["isRetryable", "isTimeout"] : ["isConnectionError", "isRetryable"],
  attempts: 4,
  waitsMs: backoff,
  ...rest,
});
const refused = (status: number, code: string, predicates: string[] = []): Failure => ({
  name: "PagerDutyApiError",
  code,
  predicates,
  attempts: 1,
  waitsMs: [],
  status,
});
const retried = (status: number, code: string, predicates: string[], waitsMs = backoff): Failure => ({
  name: status === 429 ? "PagerDutyRateLimitError" : "PagerDutyApiError",
  code,
  predicates: [...predicates, "isRetryable"].toSorted(),
  attempts: 4,
  waitsMs,
  status,
});
const raw = (onConnection: Parameters<typeof receiveRaw>[0]) => () => receiveRaw(onConnection);
const afterRequest = (answer: (socket: Socket) => void) => raw((socket) => socket.once("data", () => answer(socket)));
const saying = (message: RegExp): unknown => expect.stringMatching(message);

/** Triggers once, fails, and returns the details. */
async function failure(options: Partial<ClientOptions>): Promise<Failure> {
  const clock = new LeapingClock();
  const given = { routingKey, limiter: unlimited, clock, random: () => 0.5, proxy: false, ...options } as const;
  const client = new PagerDutyEventsClient(given);
  const error = (await client.trigger({ payload }).catch((thrown: unknown) => thrown)) as PagerDutyError;
  client.close();
  const predicates = Object.entries(is).filter(([, predicate]) => predicate(error));
  const { name, message, cause } = error;
  const titles = predicates.map(([title]) => title).toSorted();
  return Object.assign({ predicates: titles, waitsMs: clock.waitsMs }, error, { name, message, cause });
}

const plain =
  (status: number, body: unknown = {}, headers = {}): Answering =>
  (response) =>
    reply(response, status, body, headers);

describe("an answer", () => {
  const inAMinute = new Date(Date.UTC(2026, 0, 1, 0, 1)).toUTCString();

  const table: [string, Answering, Failure][] = [
    [
      "400",
      plain(400, { message: "m", errors: ["e"] }),
      { ...refused(400, "bad_request", ["isBadRequest"]), message: saying(/400: m; e$/) },
    ],
    ["401", plain(401), refused(401, "unauthorized", ["isAuthError"])],
    ["403", plain(403), refused(403, "unauthorized", ["isAuthError"])],
    ["404", plain(404), refused(404, "not_found", ["isNotFound"])],
    ["405", plain(405), refused(405, "unexpected_status")],
    ["413", plain(413), refused(413, "too_large")],
    ["422", plain(422), refused(422, "unexpected_status")],
    ["200", plain(200), retried(200, "unexpected_status", [])],
    ["204", plain(204, ""), retried(204, "unexpected_status", [])],
    ["302", plain(302, "", { location: "/elsewhere" }), retried(302, "unexpected_status", [])],
    ["408", plain(408), retried(408, "unexpected_status", [])],
    ["425", plain(425), retried(425, "unexpected_status", [])],
    ["500", plain(500), retried(500, "server_error", ["isServerError"])],
    [
      "502 of a proxy",
      plain(502, "<html>"),
      { ...retried(502, "server_error", ["isServerError"]), message: saying(/502$/) },
    ],
    [
      "503",
      plain(503, {}, { "retry-after": "7" }),
      retried(503, "server_error", ["isServerError"], [7000, 7000, 7000]),
    ],
    ["429", plain(429), retried(429, "rate_limited", ["isRateLimit"], [30_000, 30_000, 30_000])],
    [
      "429 for 2 s",
      plain(429, {}, { "retry-after": "2" }),
      retried(429, "rate_limited", ["isRateLimit"], [2000, 2000, 2000]),
    ],
    [
      "429 until a time",
      plain(429, {}, { "retry-after": inAMinute }),
      retried(429, "rate_limited", ["isRateLimit"], [60_000, 0, 0]),
    ],
    [
      "429 for a day",
      plain(429, "", { "retry-after": "86400" }),
      retried(429, "rate_limited", ["isRateLimit"], [300_000]),
    ],
  ];
  // A second wait of 5 minutes would end at the deadline, so the call fails before it.
  table.at(-1)![2].attempts = 2;

  test.each(table)("%s", async (_, answering, expected) => {
    await using receiver = await receive(answering);
    expect(await failure({ baseUrl: receiver.url })).toMatchObject(expected);
    expect(receiver.received).toHaveLength(expected.attempts);
    expect(new Set(receiver.received.map(({ body }) => body)).size, "every attempt has the same body").toBe(1);
  });

  test("with a body of 50 MB is cut", async () => {
    const message = "x".repeat(50_000_000);
    await using receiver = await receive(plain(500, { message }));
    expect(await failure({ baseUrl: receiver.url, retry: { retries: 0 } })).toMatchObject({
      ...retried(500, "server_error", ["isServerError"], []),
      attempts: 1,
    });
  });
});

describe("a connection", () => {
  const short = { timeoutMs: 60 };
  const table: [string, () => Promise<Receiver>, Partial<ClientOptions>, Failure][] = [
    ["reset at once", raw((socket) => socket.resetAndDestroy()), {}, network("reset")],
    ["closed before an answer", afterRequest((socket) => socket.end()), {}, network("reset", { requestSent: true })],
    [
      "reset before an answer",
      afterRequest((socket) => socket.resetAndDestroy()),
      {},
      network("reset", { requestSent: true }),
    ],
    [
      "closed within the status line",
      afterRequest((socket) => socket.end("HTTP/1.1 20")),
      {},
      network("reset", { requestSent: true }),
    ],
    [
      "that speaks another protocol",
      afterRequest((socket) => socket.write("220 smtp\r\n")),
      {},
      network("network", { message: saying(/not HTTP/) }),
    ],
    [
      "without an answer",
      raw((socket) => socket.resume()),
      short,
      network("timeout", {
        requestSent: true,
        message: saying(/^Timed out after 60 ms while waiting for the answer$/),
      }),
    ],
    [
      "with half a status line",
      afterRequest((socket) => socket.write("HTTP/1.1 20")),
      short,
      network("timeout", { requestSent: true, message: saying(/while reading the answer$/) }),
    ],
  ];

  test.each(table)("%s", async (_, listen, options, expected) => {
    await using receiver = await listen();
    expect(await failure({ baseUrl: receiver.url, ...options })).toMatchObject(expected);
    expect(receiver.connections).toBe(expected.attempts);
  });

  /** Answers whose rest does not come after the status line. */
  const statusAlone: [string, string, (socket: Socket) => void][] = ["\r\n", "\r\ncontent-length: 50\r\n\r\n{"].flatMap(
    (rest): [string, string, (socket: Socket) => void][] => [
      ["silence", rest, () => {}],
      ["a close", rest, (socket) => socket.end()],
      ["a reset", rest, (socket) => setImmediate(() => socket.resetAndDestroy())],
    ],
  );

  test.each(statusAlone)(
    "that ends in %s after a status line and %j has answered with that status",
    async (_, rest, end) => {
      for (const withFetch of [{}, { fetch }]) {
        // The runtime's fetch needs the whole head.
        if ("fetch" in withFetch && rest === "\r\n") continue;
        await using receiver = await afterRequest((socket) => {
          socket.write(`HTTP/1.1 202 Accepted${rest}`);
          end(socket);
        })();
        const options = {
          routingKey,
          limiter: unlimited,
          baseUrl: receiver.url,
          timeoutMs: 150,
          retry: { retries: 0 },
        };
        const client = new PagerDutyEventsClient({ ...options, ...withFetch });
        expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1, dedupKey: "d" });
        client.close();
      }
    },
  );

  test("to a port without a listener", async () => {
    const receiver = await receive();
    await receiver[Symbol.asyncDispose]();
    const failed = await failure({ baseUrl: receiver.url });
    expect(failed).toMatchObject(network("refused", { requestSent: false, message: saying(/^Connection refused: /) }));
    expect(failed).toHaveProperty("cause.code", "ECONNREFUSED");
  });

  test("to a name that does not exist", async () => {
    expect(await failure({ baseUrl: "https://events.pagerduty.invalid" })).toMatchObject(
      network("dns", { requestSent: false, message: saying(/not resolved/) }),
    );
  });
});

describe("TLS", () => {
  const certificate = selfSigned();

  test("with an untrusted certificate", async () => {
    await using receiver = await receive(accept, certificate);
    expect(await failure({ baseUrl: receiver.url })).toMatchObject(
      network("tls", { requestSent: false, message: saying(/^TLS failed: self-signed certificate/) }),
    );
  });

  test("with a certificate for another name", async () => {
    const other = selfSigned({ names: ["example.com"] });
    await using receiver = await receive(accept, other);
    const baseUrl = receiver.url.replace("127.0.0.1", "localhost");
    expect(await failure({ baseUrl, ca: other.cert })).toMatchObject(network("tls", { message: /altnames/i }));
  });

  test("with a certificate that has expired", async () => {
    const old = selfSigned({ toMs: Date.now() - 1000 });
    await using receiver = await receive(accept, old);
    expect(await failure({ baseUrl: receiver.url, ca: old.cert })).toMatchObject(
      network("tls", { message: saying(/expired/) }),
    );
  });

  test("older than 1.2", async () => {
    const old = { ...certificate, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await using receiver = await receive(accept, old);
    expect(await failure({ baseUrl: receiver.url, ca: certificate.cert })).toMatchObject(network("tls"));
  });

  test("to a server that speaks plain HTTP", async () => {
    await using receiver = await receive();
    expect(await failure({ baseUrl: receiver.url.replace("http:", "https:") })).toMatchObject(
      network("tls", { requestSent: false }),
    );
  });

  test("to a server that never answers the handshake", async () => {
    await using receiver = await receiveRaw((socket) => socket.resume());
    const baseUrl = receiver.url.replace("http:", "https:");
    expect(await failure({ baseUrl, timeoutMs: 60 })).toMatchObject(
      network("timeout", { requestSent: false, message: saying(/while connecting$/) }),
    );
  });

  test("to a server that hangs up during the handshake", async () => {
    await using receiver = await receiveRaw((socket) => socket.once("data", () => socket.end()));
    const baseUrl = receiver.url.replace("http:", "https:");
    expect(await failure({ baseUrl })).toMatchObject(network("reset", { requestSent: false }));
  });
});

describe("a connection that the other end closes while it is idle", () => {
  test("is not used again", async () => {
    const closed: Promise<unknown>[] = [];
    await using receiver = await receiveRaw((socket) => {
      // The server closes its side first: when the socket is closed, the client knows it.
      closed.push(once(socket, "close"));
      socket.once("data", () => socket.end("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"));
    });
    const client = new PagerDutyEventsClient({
      routingKey,
      limiter: unlimited,
      baseUrl: receiver.url,
      retry: { retries: 0 },
    });
    for (let i = 1; i <= 3; i++) {
      await client.resolve({ dedupKey: "d" });
      await Promise.all(closed);
    }
    expect(receiver.connections).toBe(3);
  });

  test("at the moment of a request is a connection error, and the request is retried", async () => {
    let requests = 0;
    await using receiver = await receiveRaw((socket, nth) =>
      socket.on("data", () => {
        requests++;
        // The second request on the first connection finds it closed.
        if (nth === 0 && requests === 2) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");
      }),
    );
    const client = new PagerDutyEventsClient({
      routingKey,
      limiter: unlimited,
      baseUrl: receiver.url,
      clock: new LeapingClock(),
    });
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 1 });
    expect(await client.resolve({ dedupKey: "d" })).toMatchObject({ attempts: 2 });
    expect([requests, receiver.connections]).toEqual([3, 2]);
    client.close();
  });
});
