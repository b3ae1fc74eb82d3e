import { type Clock, LedgerUnavailable, type Recorded, systemClock, type RoutedClaim } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { Readiness } from "../health/readiness.ts";
import { reportCommits } from "../ledger/report-commits.ts";
import { createLogger } from "../telemetry/logger.ts";
import { Scrubber } from "../telemetry/scrubber.ts";
import type { Endpoint } from "./endpoint.ts";
import { Auth } from "./auth.ts";
import { ingestEndpoints } from "./endpoints/ingest.ts";
import { createServer } from "./server.ts";

const alert = { status: "firing", labels: { alertname: "A" }, fingerprint: "a" };
const post = { method: "POST", url: "/api/v1/webhook/alertmanager", payload: { alerts: [alert] } } as const;

function serverOf(endpoints: readonly Endpoint[], logs: string[] = []) {
  const log = createLogger({ level: "debug", format: "json" }, new Scrubber(), (line) => logs.push(line));
  const refusals = { refused: () => {}, refusedBytes: () => {} };
  const auth = new Auth({
    listen: { host: "127.0.0.1", port: 0 },
    tokens: [],
    clients: [],
    publicUrl: undefined,
    allowedHosts: [],
  });
  return createServer({
    endpoints,
    maxBodyBytes: 1_000_000,
    ledger: "/data/tocsin.db",
    log,
    refusals,
    auth: () => auth,
  });
}

/** The intake calls none of the other operations. */
const unused = () => Promise.reject(new Error("the intake only records"));

function intakeOver(
  want: (wants: readonly RoutedClaim[]) => Promise<Recorded[]>,
  stallDetector = { hasJustStalled: () => false },
  clock: Clock = systemClock,
) {
  const order: string[] = [];
  const readiness = new Readiness({ probe: async () => {} }, new VirtualClock(), { place: "/data/tocsin.db" });
  readiness.loaded();
  const ledger = {
    record(claims: readonly RoutedClaim[]) {
      order.push("record");
      return want(claims);
    },
    recordChanges: unused,
    storeReceiverEvents: unused,
    leaseDue: unused,
    settle: unused,
    release: unused,
  };
  const endpoints = ingestEndpoints({
    ledger: reportCommits(ledger, readiness),
    clock,
    metrics: { received: () => {}, skewed: () => {}, committed: () => {} },
    log: createLogger({ level: "silent", format: "json" }, new Scrubber(), () => {}),
    routesOf: () => [],
    classification: () => undefined,
    senderOf: ({ ip }) => ip,
    signatures: () => ({ refusal: () => undefined }),
    heartbeats: () => undefined,
    wake: () => order.push("wake"),
    readiness,
    stallDetector,
    tracing: undefined,
  });
  return { order, readiness, endpoints };
}

describe("intake", () => {
  test("responds 503 with Retry-After while the ledger is unavailable, and readiness reports it until it commits again", async () => {
    let full = true;
    const { readiness, endpoints } = intakeOver(async () => {
      if (full) throw new LedgerUnavailable("disk full");
      return [];
    });
    await using app = serverOf(endpoints);
    const answer = await app.inject(post);
    expect([answer.statusCode, answer.headers["retry-after"], answer.json().error.code]).toEqual([
      503,
      "5",
      "ledger_unavailable",
    ]);
    expect(readiness.reasons()).toEqual(["the ledger /data/tocsin.db does not commit: disk full"]);
    full = false;
    expect((await app.inject(post)).statusCode).toBe(200);
    expect(readiness.reasons()).toEqual([]);
  });

  test.each([
    ["read", "the ledger /data/tocsin.db does not answer now (disk full)"],
    ["operate", "the ledger /data/tocsin.db cannot store anything now (disk full); repeat the request later"],
  ] as const)("names the ledger that does not answer a request of the role %s", async (role, message) => {
    const fails = {
      method: "GET",
      path: "/",
      role,
      does: "",
      answer: () => Promise.reject(new LedgerUnavailable("disk full")),
    } as const;
    await using app = serverOf([fails]);
    const answer = await app.inject({ method: "GET", url: "/" });
    expect([answer.statusCode, answer.json().error.message]).toEqual([503, message]);
  });

  test("responds 503 when the service stops, without using the ledger", async () => {
    const { order, readiness, endpoints } = intakeOver(async () => []);
    await using app = serverOf(endpoints);
    readiness.stop();
    const answer = await app.inject(post);
    expect([answer.statusCode, answer.json().error.code, order]).toEqual([503, "unavailable", []]);
    expect(readiness.reasons()).toEqual(["the service is stopping"]);
  });

  test("responds 503 right after a stall of the service, without using the ledger", async () => {
    const { order, readiness, endpoints } = intakeOver(async () => [], { hasJustStalled: () => true });
    await using app = serverOf(endpoints);
    const answer = await app.inject(post);
    expect([answer.statusCode, answer.headers["retry-after"], order]).toEqual([503, "5", []]);
    expect(readiness.reasons()).toEqual([]);
  });

  test("wakes the worker in the tick in which it records, and responds only after the commit", async () => {
    let commit: (() => void) | undefined;
    const { order, endpoints } = intakeOver(
      () =>
        new Promise((resolve) => {
          queueMicrotask(() => order.push("next tick"));
          commit = () => resolve([]);
        }),
    );
    await using app = serverOf(endpoints);
    const answer = app.inject(post).then(({ statusCode }) => order.push(`answered ${statusCode}`));
    while (!order.includes("next tick")) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    order.push("commit");
    commit?.();
    await answer;
    expect(order).toEqual(["record", "wake", "next tick", "commit", "answered 200"]);
  });
});

/** Each read of the clock takes a millisecond. */
const tickingClock = (): Clock => {
  let nowMs = 0;
  return { ...systemClock, monotonic: () => nowMs++ };
};
const recordedAs = (name: unknown): Recorded =>
  ({ effect: "accepted", skewed: name === "skewed" }) as unknown as Recorded;

const valid = (name: string) => JSON.stringify({ ...alert, fingerprint: name });

describe("a large batch", () => {
  test("is recorded in parts, in order, and other work gets a turn between two parts", async () => {
    const parts: string[][] = [];
    let ticks = 0;
    const ticksAtPart: number[] = [];
    const { endpoints } = intakeOver(
      async (wants) => {
        parts.push(wants.map(({ claim }) => claim.alert.fingerprint));
        ticksAtPart.push(ticks);
        return wants.map(({ claim }) => recordedAs(claim.alert.fingerprint));
      },
      undefined,
      tickingClock(),
    );
    await using app = serverOf(endpoints);
    const counting = setInterval(() => {}, 1_000);
    let counted = true;
    const count = (): void => {
      ticks++;
      if (counted) setImmediate(count);
    };
    setImmediate(count);
    const alerts = Array.from({ length: 50 }, (_, index) =>
      index % 5 === 4 ? { ...alert, labels: 5 } : { ...alert, fingerprint: `f${index}` },
    );
    const answer = await app.inject({ ...post, payload: { alerts } });
    counted = false;
    clearInterval(counting);
    expect(answer.json()).toMatchObject({ accepted: 40, rejected: 10 });
    expect(answer.json().issues[9].path).toBe("alerts[49].labels");
    expect(parts.flat()).toEqual(alerts.flatMap((one) => (one.labels === 5 ? [] : [one.fingerprint])));
    expect(parts.length).toBeGreaterThan(4);
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(11);
    expect(new Set(ticksAtPart).size).toBe(parts.length);
  });

  test("with 400,000 wrong members gets 100 problems and a count of the others, and its valid alerts are recorded", async () => {
    const recorded: string[] = [];
    const { endpoints } = intakeOver(async (wants) => {
      recorded.push(...wants.map(({ claim }) => claim.alert.fingerprint));
      return wants.map(({ claim }) => recordedAs(claim.alert.fingerprint));
    });
    await using app = serverOf(endpoints);
    const wrong = "1,".repeat(200_000);
    const payload = `{"alerts":[${valid("first")},${wrong}${valid("middle")},${wrong}${valid("last")}],"truncatedAlerts":2}`;
    const answer = await app.inject({ ...post, payload });
    expect(answer.json()).toMatchObject({ accepted: 3, rejected: 400_000 });
    expect(answer.json().issues).toHaveLength(100);
    expect(recorded).toEqual(["first", "middle", "last"]);
  });

  test("gets 503 if a part cannot be recorded, so that the sender repeats it", async () => {
    let parts = 0;
    const { endpoints } = intakeOver(
      async (wants) => {
        if (++parts === 2) throw new LedgerUnavailable("disk full");
        return wants.map(recordedAs);
      },
      undefined,
      tickingClock(),
    );
    await using app = serverOf(endpoints);
    const answer = await app.inject({ ...post, payload: { alerts: Array.from({ length: 50 }, () => alert) } });
    expect([answer.statusCode, parts]).toEqual([503, 2]);
  });
});

describe("the server", () => {
  const failing: Endpoint = {
    method: "POST",
    path: "/fails/:id",
    role: "open",
    does: "",
    answer: () => {
      throw new TypeError("a bug with planted-body-text");
    },
  };

  test("responds 500 for a bug without details; the log has them, but not the body", async () => {
    const logs: string[] = [];
    await using app = serverOf([failing], logs);
    const answer = await app.inject({
      method: "POST",
      url: "/fails/1?q=planted-query",
      payload: { text: "planted-payload" },
    });
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      { error: { code: "bug", message: "internal error; the service's log has the details", issues: [] } },
    ]);
    expect(JSON.parse(logs[0]!)).toMatchObject({
      level: "error",
      endpoint: "/fails/:id",
      reason: "bug",
      err: { type: "TypeError" },
    });
    expect(logs.join("")).not.toMatch(/planted-(payload|query)/);
  });

  test.each([
    ["GET", "/nowhere"],
    ["PUT", "/fails/1"],
    ["GET", "/fails/1"],
    ["POST", "/fails/%zz"],
    ["GET", "/"],
  ] as const)("answers %s %s in the shape of all errors", async (method, url) => {
    await using app = serverOf([failing]);
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.statusCode).toBeLessThan(500);
    expect(answer.json()).toEqual({ error: { code: expect.any(String), message: expect.any(String), issues: [] } });
  });
});
