import { expect, test } from "vitest";
import { startService, type TestService } from "../service.fixture.ts";
import { FakeClassifier, hanging, verdictOf } from "./fake-classifier.fixture.ts";

const llm = { api: "openai", baseUrl: "http://127.0.0.1:9/v1", model: "fake" };
const classification = { provider: "llm", llm };

const alert = (alertname: string, labels: Record<string, string> = {}, more: object = {}) => ({
  status: "firing",
  labels: { alertname, ...labels },
  annotations: { summary: `${alertname} at ${labels["pod"] ?? "a pod"}` },
  startsAt: new Date(Date.now() - 1_000).toISOString(),
  ...more,
});

const start = (fake: FakeClassifier, more: object = {}) =>
  startService(() => ({ classification: { ...classification, ...more } }), { createClassifier: async () => fake });

const send = (service: TestService, alerts: readonly object[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });

const pages = async ({ simulatorUrl }: TestService): Promise<{ severity: string; summary: string }[]> =>
  (await (await fetch(`${simulatorUrl}/_sim/incidents`)).json()) as { severity: string; summary: string }[];

const pagesAfter = (service: TestService, count: number) =>
  service.until(`${count} pages`, async () => {
    const all = await pages(service);
    return all.length >= count ? all : undefined;
  });

test("a page without a severity waits for its verdict and is sent with that severity", async () => {
  const fake = new FakeClassifier();
  await using service = await start(fake);
  await send(service, [alert("DiskFills")]);
  expect((await pagesAfter(service, 1)).map(({ severity }) => severity)).toEqual(["critical"]);
  expect(fake.asked).toHaveLength(1);
  const { alerts } = (await service.ask("GET", "/api/v1/explain?matcher=alertname%3DDiskFills")).body;
  expect(alerts).toMatchObject([
    {
      classification: { verdict: { severity: "critical" }, absent: null, awaitedUntil: null, unused: null },
      targets: [{ weighed: { effect: "filled" }, classification: { severity: "critical", changed: "filled" } }],
    },
  ]);
  expect((await service.ask("GET", "/api/v1/classification")).body).toMatchObject({
    provider: "llm",
    apply: "fill",
    breaker: "closed",
    budgetUsedUntil: null,
    outcomes: { call: 1, late: 0 },
    models: [{ verdicts: 1, calls: 1, effects: { filled: 1 } }],
  });
});

test("explain says which rule limits a verdict, and what another alert of the shape would get", async () => {
  const fake = new FakeClassifier(() => ({
    kind: "verdict",
    verdict: verdictOf({ severity: "info", confidence: 0.5 }),
  }));
  await using service = await start(fake);
  await send(service, [alert("Unsure")]);
  await pagesAfter(service, 1);
  const { alerts } = (await service.ask("GET", "/api/v1/explain?matcher=alertname%3DUnsure")).body;
  expect(alerts).toMatchObject([{ targets: [{ weighed: { effect: "none", limitedBy: "threshold" } }] }]);
  const asked = (await service.ask("POST", "/api/v1/explain", alert("Unsure", { pod: "b" }))).body;
  expect(asked).toMatchObject({ targets: [{ weighed: { effect: "none", limitedBy: "other_prompt" } }] });
  expect(fake.asked).toHaveLength(1);
});

test("1,000 alerts of 20 shapes make at most 20 calls, and none is lost", async () => {
  const fake = new FakeClassifier();
  await using service = await start(fake);
  const alerts = Array.from({ length: 1_000 }, (_, index) =>
    alert(`Shape${index % 20}`, { namespace: "shop", pod: `pod-${index}` }),
  );
  await send(service, alerts);
  await service.until("all are recorded and classified", async () => {
    const { rows } = (await service.ask("GET", "/api/v1/incidents/summary")).body;
    const candidates = rows.filter(({ state }: { state: string }) => state === "candidate");
    const count = rows.reduce((sum: number, row: { count: number }) => sum + row.count, 0);
    return count === 1_000 && candidates.length === 0 ? true : undefined;
  });
  expect(fake.asked.length).toBeLessThanOrEqual(20);
  expect(new Set(fake.asked.map(({ labels }) => labels["alertname"])).size).toBe(20);
});

test("after at most five failed calls no page waits", async () => {
  const fake = new FakeClassifier(() => ({ kind: "failed", reason: "http_error", detail: "HTTP 500" }));
  await using service = await start(fake);
  for (let index = 0; index < 12; index++) {
    await send(service, [alert(`Shape${index}`)]);
    await pagesAfter(service, index + 1);
  }
  expect(fake.asked.length).toBeLessThanOrEqual(5);
  const severities = (await pages(service)).map(({ severity }) => severity);
  expect(new Set(severities)).toEqual(new Set(["error"]));
  expect(service.logs.join("")).toContain("classification_breaker_open");
});

test("a verdict that does not come in time changes nothing: the label decides after the budget", async () => {
  const fake = new FakeClassifier(hanging);
  await using service = await start(fake, { budget: "300ms", criticalBudget: "100ms" });
  const sentAt = Date.now();
  await send(service, [alert("Slow")]);
  const [page] = await pagesAfter(service, 1);
  expect(Date.now() - sentAt).toBeGreaterThanOrEqual(290);
  expect(page?.severity).toBe("error");
});

test("a page whose label states a severity waits for nobody", async () => {
  const fake = new FakeClassifier(hanging);
  await using service = await start(fake);
  const sentAt = Date.now();
  await send(service, [alert("Known", { severity: "critical" })]);
  await pagesAfter(service, 1);
  expect(Date.now() - sentAt).toBeLessThan(1_500);
  expect(fake.asked).toEqual([]);
});

test("in shadow mode nothing waits and nothing changes, and the model is asked", async () => {
  const fake = new FakeClassifier();
  await using service = await start(fake, { apply: "shadow" });
  await send(service, [alert("Shadowed")]);
  const [page] = await pagesAfter(service, 1);
  expect(page?.severity).toBe("error");
  await service.until("it is asked", () => (fake.asked.length === 1 ? true : undefined));
});

test("another alert of a shape uses its verdict, but only to fill in or raise", async () => {
  const fake = new FakeClassifier(() => ({ kind: "verdict", verdict: verdictOf({ severity: "noise" }) }));
  await using service = await startService(
    (url) => ({
      classification: { ...classification, apply: "override" },
      targets: [
        {
          name: "pager",
          type: "pagerduty",
          url,
          routing_key: "R0UT1NGKEY0123456789abcdefABCDEF",
          filters: { exclude_noise: true },
        },
      ],
    }),
    { createClassifier: async () => fake },
  );
  await send(service, [alert("Noisy", { pod: "a" })]);
  await service.until("it is suppressed", async () => {
    const { alerts } = (await service.ask("GET", "/api/v1/alerts?matcher=pod%3Da")).body;
    return alerts[0]?.targets[0]?.reason === "suppressed_noise" ? true : undefined;
  });
  await send(service, [alert("Noisy", { pod: "b" })]);
  expect(await pagesAfter(service, 1)).toMatchObject([{ severity: "error" }]);
  expect(fake.asked).toHaveLength(1);
});

test("a reload to another provider, or to none, ends calls and loses no page", async () => {
  const fake = new FakeClassifier(hanging);
  await using service = await start(fake, { budget: "10s" });
  await send(service, [alert("Waits")]);
  await service.until("it is asked", () => (fake.asked.length === 1 ? true : undefined));
  service.next = { ...(service.next as object), classification: { provider: "none" } };
  await service.tocsin.reload();
  await service.until("the classifier is closed", () => (fake.closed ? true : undefined));
  await send(service, [alert("Unclassified")]);
  expect(await pagesAfter(service, 1)).toHaveLength(1);
});
