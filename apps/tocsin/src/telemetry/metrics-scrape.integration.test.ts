import { spawnSync } from "node:child_process";
import type { Ledger } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { hasTool } from "../debian-tool.fixture.ts";
import { MetricsScrape } from "./metrics-scrape.ts";
import { startService } from "../service.fixture.ts";
import { Metrics } from "./metrics.ts";

const targets = { entries: [], publisherCount: 0 };
const none = { due: [], deadLetters: [], alerts: { firing: 0, resolved: 0 }, nowMs: 0 };
const metrics = new Metrics("1");
afterAll(() => metrics.stop());

test.each<[string, Partial<Ledger>]>([
  [
    "refuses",
    { stats: () => Promise.reject(new Error("closed")), targetStatus: () => Promise.reject(new Error("closed")) },
  ],
  ["never answers", { stats: () => new Promise(() => {}), targetStatus: async () => [] }],
])("if the ledger %s, its counts are missing, and the scrape succeeds", async (_, ledger) => {
  const clock = new VirtualClock();
  const incidents = [{ target: "pager", state: "told", count: 1 }] as const;
  await metrics.counted([], { stats: { ...none, incidents }, targetStatuses: [] });
  const scraping = new MetricsScrape({ ledger: ledger as Ledger, targets, metrics, clock }).scrape();
  await clock.advance(3_000);
  const { contentType, slices } = await scraping;
  const text = slices.join("");
  expect(contentType).toContain("text/plain");
  expect(text).toContain("tocsin_build_info{");
  expect(text).not.toContain("tocsin_incidents{");
});

const start = () => {
  const clock = new VirtualClock();
  let asked = 0;
  let answer = Promise.resolve();
  const ledger: Pick<Ledger, "stats" | "targetStatus"> = {
    stats: async () => {
      asked++;
      await answer;
      return { ...none, incidents: [{ target: "pager", state: "told", count: asked }] };
    },
    targetStatus: async () => [],
  };
  const exposition = new MetricsScrape({ ledger, targets, metrics, clock });
  return {
    clock,
    exposition,
    holdUntil: (promise: Promise<void>) => void (answer = promise),
    /** The number of counts in the ledger when this text was built. */
    count: async (options?: { fresh: boolean }) =>
      Number(/^tocsin_incidents\{.*\} (\d+)$/m.exec((await exposition.scrape(options)).slices.join(""))?.[1]),
  };
};

describe("a scrape", () => {
  test("within a second of the previous one returns the same text", async () => {
    const { clock, count } = start();
    expect(await count()).toBe(1);
    await clock.advance(999);
    expect(await count()).toBe(1);
    await clock.advance(1);
    expect(await count()).toBe(2);
  });

  test("that requests new metrics gets them", async () => {
    const { count } = start();
    expect([await count(), await count({ fresh: true }), await count()]).toEqual([1, 2, 2]);
  });

  test("during another scrape gets the result of that one, however long it takes", async () => {
    const { clock, holdUntil, count } = start();
    const { promise, resolve } = Promise.withResolvers<void>();
    holdUntil(promise);
    const first = count();
    await clock.advance(2_000);
    const second = count();
    resolve();
    expect(await Promise.all([first, second])).toEqual([1, 1]);
  });
});

test("a service keeps its metrics for a second unless a request says no-cache", async () => {
  await using service = await startService();
  const count = async (cacheControl: string) => {
    const { text } = await service.ask("GET", "/metrics", undefined, { "cache-control": cacheControl });
    return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]);
  };
  const [first, same, fresh] = [await count("no-cache"), await count(""), await count("no-cache")];
  expect([same, fresh > first]).toEqual([first, true]);
});

const promtool = "/usr/bin/promtool";

test.runIf(hasTool(promtool, "prometheus"))("promtool of Prometheus accepts the metrics", async () => {
  await using service = await startService();
  const alerts = [{ status: "firing", labels: { alertname: "A", severity: "critical" } }];
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
  const input = await service.until("it is sent and counted", async () => {
    const { text } = await service.ask("GET", "/metrics");
    return text.includes("tocsin_time_to_told_seconds_count{") ? text : undefined;
  });
  const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input, encoding: "utf8" });
  expect([stdout + stderr, status]).toEqual(["", 0]);
});
