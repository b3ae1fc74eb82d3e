import type { Alert } from "@tocsin/core";
import { memoryLedger } from "@tocsin/engine";
import { VirtualClock } from "@tocsin/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routingKey, startService, type TestService } from "../../service.fixture.ts";
import { searchAlerts } from "./alert-search.ts";

let service: TestService;
beforeAll(async () => {
  service = await startService((url) => ({
    targets: [
      { name: "pager", type: "pagerduty", url, routing_key: routingKey, filters: { severity: ["critical"] } },
      { name: "shadow", type: "slack", webhook_url: `${url}/services/T/B/h00kh00kh00kh00kh00kh00k`, mode: "shadow" },
      { name: "broken", type: "pagerduty", url, routing_key: "short" },
    ],
  }));
  const alerts = Array.from({ length: 6 }, (_, n) => ({
    status: "firing",
    fingerprint: `a${n}`,
    labels: { alertname: n < 3 ? "DiskFull" : "OutOfMemory", severity: n % 2 ? "critical" : "info", n: String(n) },
    annotations: {},
    startsAt: "2026-11-23T10:00:00Z",
  }));
  await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
  await service.until("all criticals are sent", () => (service.simulator.incidents().length === 3 ? true : undefined));
  await service.until("all are settled", async () => {
    const { body } = await service.ask("GET", "/api/v1/stats");
    const waits = body.incidents.filter(({ state, count }: any) => count > 0 && /due|in_flight/.test(state));
    return waits.length === 0 || undefined;
  });
});
afterAll(() => service[Symbol.asyncDispose]());

const list = async (query: string) => (await service.ask("GET", `/api/v1/alerts${query}`)).body;
const names = ({ alerts }: { alerts: readonly { fingerprint: string }[] }) =>
  alerts.map(({ fingerprint }) => fingerprint);

describe("alerts", () => {
  test("are listed by fingerprint, with their state at each target", async () => {
    const body = await list("");
    expect(names(body)).toEqual(["a0", "a1", "a2", "a3", "a4", "a5"]);
    expect(body.alerts[1]).toEqual({
      fingerprint: "a1",
      labels: { alertname: "DiskFull", severity: "critical", n: "1" },
      status: "firing",
      startsAt: "2026-11-23T10:00:00.000Z",
      confirmedAt: expect.stringMatching(/Z$/),
      targets: [
        { target: "pager", state: "told", reason: "delivered" },
        { target: "shadow", state: "not_told", reason: "shadow" },
        { target: "broken", state: "not_told", reason: "target_invalid" },
      ],
    });
    expect(body.alerts[0].targets[0]).toEqual({ target: "pager", state: "not_told", reason: "filtered" });
  });

  test.each<[string, string, string[]]>([
    ["a matcher", "?matcher=alertname%3DDiskFull", ["a0", "a1", "a2"]],
    ["several matchers", "?matcher=alertname%3DDiskFull&matcher=n!%3D1", ["a0", "a2"]],
    ["a regular expression", "?matcher=n%3D~%22%5B14%5D%22", ["a1", "a4"]],
    ["a label that is missing", "?matcher=team%3D", ["a0", "a1", "a2", "a3", "a4", "a5"]],
    ["a label that every object has", "?matcher=constructor!%3D", []],
    ["what no target received", "?received=none", ["a0", "a2", "a4"]],
    ["both", "?received=none&matcher=alertname%3DOutOfMemory", ["a4"]],
  ])("are found by %s", async (_, query, expected) => {
    expect(names(await list(query))).toEqual(expected);
  });

  test("come in pages, the last of which has no cursor", async () => {
    const pages: string[][] = [];
    let cursor = "";
    do {
      const body = await list(`?limit=2${cursor && `&cursor=${cursor}`}`);
      pages.push(names(body));
      cursor = body.nextCursor ?? "";
    } while (cursor !== "");
    expect(pages).toEqual([
      ["a0", "a1"],
      ["a2", "a3"],
      ["a4", "a5"],
    ]);
  });

  test.each([
    ["received=all", "received"],
    ["limit=0", "limit"],
    ["cursor=x", "cursor"],
    ["cursor=NQ", "cursor"],
    ["matcher=alertname", "matcher"],
  ])("are not listed for ?%s", async (query, path) => {
    const { status, body } = await service.ask("GET", `/api/v1/alerts?${query}`);
    expect([status, body.error.issues[0].path]).toEqual([400, path]);
  });

  test("without any target have a reason", async () => {
    await using lonely = await startService((url) => ({
      targets: [{ name: "broken", type: "pagerduty", url, routing_key: "short" }],
    }));
    const alerts = [
      { status: "firing", fingerprint: "a", labels: { alertname: "A" }, startsAt: "2026-11-23T10:00:00Z" },
    ];
    await lonely.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
    const expected = { fingerprint: "a", reason: "no_target", targets: [{ reason: "target_invalid" }] };
    expect((await lonely.ask("GET", "/api/v1/explain?fingerprint=a")).body).toMatchObject(expected);
    expect((await lonely.ask("GET", "/api/v1/alerts?received=none")).body.alerts).toMatchObject([expected]);
    expect((await lonely.ask("POST", "/api/v1/explain", alerts[0])).body).toMatchObject(expected);
  });
});

describe("a search", () => {
  const clock = new VirtualClock();
  const search = async (
    count: number,
    o: { limit?: number; targets?: number; matching?: (alert: Alert) => boolean },
  ) => {
    await using ledger = memoryLedger({ clock });
    const wants = Array.from({ length: count }, (_, n) => {
      const alert = { fingerprint: String(n).padStart(6, "0"), labels: {}, annotations: {}, startsAtMs: 0 };
      return { claim: { alert, status: "firing" as const, source: "a" }, routes: [] };
    });
    await ledger.record(wants);
    let read = 0;
    const counting = {
      alerts: async (page: Parameters<typeof ledger.alerts>[0]) => {
        const alerts = await ledger.alerts(page);
        read += alerts.length;
        return alerts;
      },
    };
    const pages: number[] = [];
    const reads: number[] = [];
    const seen = new Set<string>();
    let after: string | undefined;
    do {
      read = 0;
      const page = await searchAlerts(
        { matchers: [], limit: o.limit ?? 100, ...(after !== undefined && { after }) },
        { ledger: counting, clock },
        async (alert) => {
          seen.add(alert.fingerprint);
          return (o.matching?.(alert) ?? true) ? { targets: Array.from({ length: o.targets ?? 1 }) } : undefined;
        },
      );
      pages.push(page.alerts.length);
      reads.push(read);
      after = page.nextCursor && (JSON.parse(Buffer.from(page.nextCursor, "base64url").toString()) as string);
    } while (after !== undefined);
    return { pages, reads, seen: seen.size };
  };

  test("reads a bounded number of alerts for a page, even if none matches", async () => {
    const { pages, reads, seen } = await search(2_500, { matching: () => false });
    expect([pages, seen]).toEqual([[0, 0, 0], 2_500]);
    expect(Math.max(...reads)).toBeLessThanOrEqual(1_000);
  });

  test("lists a bounded number of targets", async () => {
    const { pages, seen } = await search(25, { targets: 1_000 });
    expect([pages, seen]).toEqual([[10, 10, 5], 25]);
  });

  test("misses no alert between two pages", async () => {
    for (const count of [0, 1, 199, 200, 201, 400]) {
      const { pages, seen } = await search(count, { limit: 100 });
      expect([count, pages.reduce((sum, n) => sum + n, 0), seen]).toEqual([count, count, count]);
    }
  });
});
