import { LedgerUnavailable, systemClock, type Want } from "@tocsin/core";
import { VirtualClock } from "@tocsin/testkit";
import { describe, expect, test } from "vitest";

import { Readiness } from "../readiness.ts";
import { createLogger } from "../telemetry/logger.ts";
import { Scrubber } from "../telemetry/scrubber.ts";
import type { Endpoint } from "./endpoint.ts";
import { Gate } from "./gate.ts";
import { intakeEndpoints } from "./intake.ts";
import { createServer } from "./server.ts";

const alert = { status: "firing", labels: { alertname: "A" }, fingerprint: "a" };
const post = { method: "POST", url: "/api/v1/webhook/alertmanager", payload: { alerts: [alert] } } as const;

function serverOf(endpoints: readonly Endpoint[], logs: string[] = []) {
  const log = createLogger({ level: "debug", format: "json" }, new Scrubber(), (line) => logs.push(line));
  const gate = new Gate([]);
  return createServer({ endpoints, maxBodyBytes: 1_000_000, log, gate: () => gate });
}

function intakeOver(want: (wants: readonly Want[]) => Promise<never[]>, standstill = { justOver: () => false }) {
  const order: string[] = [];
  const readiness = new Readiness({ probe: async () => {} }, new VirtualClock());
  readiness.loaded();
  const endpoints = intakeEndpoints({
    ledger: {
      want(wants) {
        order.push("want");
        return want(wants);
      },
    },
    clock: systemClock,
    metrics: { received: () => {}, skewed: () => {}, committed: () => {} },
    log: createLogger({ level: "silent", format: "json" }, new Scrubber(), () => {}),
    routesOf: () => [],
    wake: () => order.push("wake"),
    readiness,
    standstill,
  });
  return { order, readiness, endpoints };
}

describe("intake", () => {
  test("answers 503 and when to come back while the ledger is unavailable, and readiness says so until it commits again", async () => {
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
    expect(readiness.reasons()).toEqual(["the ledger does not commit: disk full"]);
    full = false;
    expect((await app.inject(post)).statusCode).toBe(200);
    expect(readiness.reasons()).toEqual([]);
  });

  test("answers 503 when the service stops, and asks nothing of the ledger", async () => {
    const { order, readiness, endpoints } = intakeOver(async () => []);
    await using app = serverOf(endpoints);
    readiness.stop();
    const answer = await app.inject(post);
    expect([answer.statusCode, answer.json().error.code, order]).toEqual([503, "unavailable", []]);
    expect(readiness.reasons()).toEqual(["the service is stopping"]);
  });

  test("answers 503 right after the service stood still, and asks nothing of the ledger", async () => {
    const { order, readiness, endpoints } = intakeOver(async () => [], { justOver: () => true });
    await using app = serverOf(endpoints);
    const answer = await app.inject(post);
    expect([answer.statusCode, answer.headers["retry-after"], order]).toEqual([503, "5", []]);
    expect(readiness.reasons()).toEqual([]);
  });

  test("wakes the worker in the tick in which it records, and answers only after the commit", async () => {
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
    expect(order).toEqual(["want", "wake", "next tick", "commit", "answered 200"]);
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

  test("answers 500 for a bug of ours and says nothing of it; the log does, without the body", async () => {
    const logs: string[] = [];
    await using app = serverOf([failing], logs);
    const answer = await app.inject({
      method: "POST",
      url: "/fails/1?q=planted-query",
      payload: { text: "planted-payload" },
    });
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      { error: { code: "bug", message: "something went wrong here; the log says what", issues: [] } },
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
