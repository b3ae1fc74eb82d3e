import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startService, type TestService } from "../service.fixture.ts";

const keyOf = (letter: string): string => letter.repeat(32);

const start = (more: object = {}, settings: object = {}): Promise<TestService> =>
  startService((url) => ({
    targets: [
      { name: "pager", type: "pagerduty", url, routing_key: keyOf("a"), ...more },
      { name: "other", type: "pagerduty", url, routing_key: keyOf("b"), filters: { labels: { service: "cart" } } },
      { name: "central", type: "alertmanager", url: `${url}/api/v2/alerts` },
    ],
    ...settings,
  }));

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

const post = (service: TestService, body: unknown, headers?: Record<string, string>) =>
  service.ask("POST", "/api/v1/changes", body, headers);

/** Waits until the simulator has this many changes, and returns them. */
const sent = (service: TestService, count: number) =>
  service.until(`${count} changes`, () =>
    service.simulator.changes().length >= count ? service.simulator.changes() : undefined,
  );

const secretOf = (name: string): string => `${name}-${"t".repeat(32)}`;
const token = (name: string, ...roles: string[]) => ({ name, token: secretOf(name), roles });
const as = (name: string) => ({ authorization: `Bearer ${secretOf(name)}` });

const alertOf = (fingerprint: string, labels: object) => ({
  status: "firing",
  fingerprint,
  labels: { alertname: "Slow", severity: "critical", ...labels },
  annotations: { summary: "checkout is slow" },
  startsAt: minutesAgo(1),
});

describe("POST /api/v1/changes", () => {
  test("sends a change to the targets whose filters it passes, once", async () => {
    await using service = await start();
    const change = {
      id: "build-7",
      summary: "Deployed shop 7",
      source: "ci",
      timestamp: minutesAgo(5),
      labels: { service: "shop" },
      customDetails: { commit: "8f3c1d2", nested: { deep: [1] } },
      links: [{ href: "https://ci.example.com/7", text: "Build" }],
    };
    expect(await post(service, change)).toMatchObject({ status: 202, body: { ids: ["build-7"] } });
    expect(await post(service, change)).toMatchObject({ status: 202, body: { ids: ["build-7"] } });
    await post(service, { id: "after", summary: "after" });
    const changes = await sent(service, 2);
    expect(changes).toHaveLength(2);
    expect(changes.find(({ summary }) => summary === "Deployed shop 7")).toMatchObject({
      payload: { source: "ci", timestamp: change.timestamp, custom_details: change.customDetails },
      links: change.links,
    });
    expect(service.simulator.refused()).toEqual([]);
    const { text } = await service.ask("GET", "/metrics");
    expect(text).toContain('tocsin_changes_received_total{source="default",outcome="accepted"} 2');
    expect(text).toContain('tocsin_changes_received_total{source="default",outcome="duplicate"} 1');
    expect(text).toContain('pagerduty_events_published_total{publisher="pager",event_type="change"} 2');
  });

  test("records the valid changes of a request, and reports the others", async () => {
    await using service = await start();
    const body = {
      changes: [{ id: "a", summary: "a" }, { summary: "" }, { id: "b", summary: "b", targets: ["none"] }],
    };
    expect(await post(service, body)).toMatchObject({
      status: 202,
      body: { ids: ["a"], issues: [{ path: "changes[1].summary" }, { path: "changes[2].targets[0]" }] },
    });
    const none = await post(service, { changes: [{ summary: "" }] });
    expect(none).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_changes", issues: [{ path: "changes[0].summary" }] } },
    });
    expect((await post(service, "{")).status).toBe(400);
    expect(await post(service, { changes: [] })).toMatchObject({
      status: 400,
      body: { error: { code: "invalid_changes", message: "the list of changes is empty" } },
    });
  });

  test("sends a change to the targets that it names, whatever their filters say", async () => {
    await using service = await start();
    await post(service, {
      changes: [
        { id: "a", summary: "a", targets: ["other", "central"] },
        { id: "b", summary: "b" },
      ],
    });
    const changes = await sent(service, 2);
    expect(changes.map(({ summary }) => summary).toSorted()).toEqual(["a", "b"]);
    const { body } = await service.ask("GET", "/api/v1/changes");
    const { fingerprint } = body.changes.find(({ id }: { id: string }) => id === "a");
    const explained = await service.ask("GET", `/api/v1/explain?fingerprint=${fingerprint}`);
    expect(explained.body.change).toMatchObject({ id: "a", summary: "a", origin: "default" });
    expect(explained.body.targets).toMatchObject([
      { target: "pager", reason: "filtered", detail: expect.stringContaining("named other targets") },
      { target: "other", state: "closed", reason: "delivered" },
      { target: "central", state: "not_told", reason: "no_changes" },
    ]);
  });

  test("refuses a body that is too large", async () => {
    await using service = await start({}, { changes: { maxBodyBytes: 2_000 } });
    expect((await post(service, { summary: "s", customDetails: "x".repeat(2_000) })).status).toBe(413);
    expect((await post(service, { summary: "s" })).status).toBe(202);
  });

  test("answers 503 while the ledger cannot store anything", async () => {
    await using service = await start();
    rmSync(join(service.dir, "tocsin.db"));
    const refused = await service.until("a 503", async () => {
      const answer = await post(service, { summary: "s" });
      return answer.status === 503 ? answer : undefined;
    });
    expect(refused.body.error.code).toBe("ledger_unavailable");
  });

  test("identifies changes by the token that sent them", async () => {
    await using service = await start(
      {},
      {
        server: {
          listen: "127.0.0.1:0",
          auth: { tokens: [token("ci", "ingest", "read"), token("argo", "ingest"), token("eye", "read")] },
        },
      },
    );
    for (const name of ["ci", "argo"])
      expect((await post(service, { id: "1", summary: `by ${name}` }, as(name))).status).toBe(202);
    expect((await post(service, { id: "1", summary: "x" }, as("eye"))).status).toBe(403);
    expect((await post(service, { id: "1", summary: "x" })).status).toBe(401);
    await sent(service, 2);
    const { body } = await service.ask("GET", "/api/v1/changes", undefined, as("ci"));
    expect(body.changes.map(({ origin }: { origin: string }) => origin).toSorted()).toEqual(["argo", "ci"]);
  });

  test("identifies changes by ?source= without tokens, never by the name of a source that proves who it is", async () => {
    await using service = await start(
      {},
      { changes: { sources: [{ name: "flux", type: "flux", secrets: ["flux-secret"] }] } },
    );
    const from = (source: string) => service.ask("POST", `/api/v1/changes?source=${source}`, { id: "1", summary: "s" });
    for (const source of ["ci", "argo"]) expect((await from(source)).status).toBe(202);
    for (const source of ["flux", "rollouts", "x".repeat(101)])
      expect(await from(source)).toMatchObject({ status: 400, body: { error: { issues: [{ path: "source" }] } } });
    const { body } = await service.ask("GET", "/api/v1/changes");
    expect(body.changes.map(({ origin }: { origin: string }) => origin).toSorted()).toEqual(["argo", "ci"]);
  });
});

describe("GET /api/v1/changes", () => {
  test("lists the newest first, by time, labels and page", async () => {
    await using service = await start();
    const changes = Array.from({ length: 30 }, (_, n) => ({
      id: `c${n}`,
      summary: `change ${n}`,
      timestamp: minutesAgo(n),
      labels: { service: n % 3 === 0 ? "shop" : "cart" },
    }));
    await post(service, { changes });
    const list = async (query: string) => {
      const { body } = await service.ask("GET", `/api/v1/changes?${query}`);
      return { ids: body.changes?.map(({ id }: { id: string }) => id), next: body.nextCursor, error: body.error };
    };
    expect((await list("limit=3")).ids).toEqual(["c0", "c1", "c2"]);
    expect((await list(`since=${minutesAgo(1.5)}`)).ids).toEqual(["c0", "c1"]);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(`matcher=service%3D"shop"&limit=4${cursor === undefined ? "" : `&cursor=${cursor}`}`);
      expect(page.ids.length).toBeLessThanOrEqual(4);
      ids.push(...page.ids);
      cursor = page.next;
    } while (cursor !== undefined);
    expect(ids).toEqual(["c0", "c3", "c6", "c9", "c12", "c15", "c18", "c21", "c24", "c27"]);
    for (const query of ["since=noon", "matcher=%7B", "cursor=7", "limit=0"])
      expect((await list(query)).error.code).toBe("invalid_request");
    expect((await service.ask("GET", "/api/v1/alerts")).body.alerts).toEqual([]);
  });
});

describe("an alert", () => {
  test("shows the related changes of the hour before, in explain and beside its incident", async () => {
    await using service = await start();
    await post(service, {
      changes: [
        { id: "related", summary: "Deployed shop 7", timestamp: minutesAgo(10), labels: { service: "shop" } },
        { id: "unrelated", summary: "Deployed cart", timestamp: minutesAgo(10), labels: { service: "cart" } },
        { id: "old", summary: "Deployed shop 6", timestamp: minutesAgo(90), labels: { service: "shop" } },
      ],
    });
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alertOf("slow", { service: "shop" })] });
    const explained = (await service.ask("GET", "/api/v1/explain?fingerprint=slow")).body;
    expect(explained.changes).toMatchObject([{ id: "related", summary: "Deployed shop 7", origin: "default" }]);
    const { incidents } = (await service.ask("GET", "/api/v1/incidents?fingerprint=slow")).body;
    const { changes } = (await service.ask("GET", `/api/v1/incidents/${incidents[0].id}`)).body;
    expect(changes).toEqual(explained.changes);
  });

  test("lists them in its page if the target has include_changes", async () => {
    await using service = await start({ include_changes: "1h" });
    const changes = Array.from({ length: 7 }, (_, n) => ({
      id: `c${n}`,
      summary: `change ${n}`,
      timestamp: minutesAgo(10 + n),
      labels: { service: "shop" },
    }));
    await post(service, { changes });
    const alerts = [alertOf("slow", { service: "shop" }), alertOf("none", { service: "cart" }), alertOf("bare", {})];
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });
    const paged = await service.until("all pages", () => {
      const events = service.simulator
        .incidents()
        .filter(({ receiver }) => receiver === "pagerduty")
        .flatMap(({ dedup_key, events: [event] }) => [[dedup_key, event] as const]);
      return events.length === alerts.length + 1 ? Object.fromEntries(events) : undefined;
    });
    const listed = (key: string) => JSON.parse(JSON.stringify(paged[key])).payload?.custom_details?.related_changes;
    expect(listed("slow")?.map(({ summary }: { summary: string }) => summary)).toEqual(
      [0, 1, 2, 3, 4].map((n) => `change ${n}`),
    );
    expect([listed("none"), listed("bare")]).toEqual([undefined, undefined]);
  });
});
