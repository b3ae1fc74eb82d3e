import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CollectedSpan, Collector } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentSpanId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${parentSpanId}-01`;

const configOf = (pagerduty: PagerDuty, collector: Collector) => ({
  targets: [pagerduty.target()],
  delivery: { retry: { initial: "3s", max: "3s" } },
  telemetry: { traces: { otlp: collector.url } },
});

const attemptsIn = (collector: Collector): CollectedSpan[] =>
  collector.trace(traceId).filter(({ name }) => name === "attempt");

/** Sends an alert with a trace, and returns when its first attempt has failed and the spans until then are exported. */
async function sendAndFail(service: Service, pagerduty: PagerDuty, collector: Collector): Promise<void> {
  pagerduty.stand.setFaults("answer 500");
  await service.ask(
    "POST",
    "/api/v1/webhook/alertmanager",
    { alerts: [webhookAlert("db-1", "firing")] },
    { traceparent },
  );
  await waitUntil("the first attempt is exported", () => attemptsIn(collector).length >= 1);
}

/** The trace when the receiver is well again and the alert is delivered. */
async function deliveredTrace(pagerduty: PagerDuty, collector: Collector) {
  pagerduty.stand.setFaults("");
  const accepted = () => attemptsIn(collector).find(({ attributes }) => attributes["tocsin.outcome"] === "accepted");
  await waitUntil("the accepted attempt is exported", () => accepted() !== undefined);
  const trace = collector.trace(traceId);
  const receive = trace.find(({ name }) => name === "POST /api/v1/webhook/alertmanager");
  const last = accepted();
  const post = trace.find(({ name, parentSpanId: of }) => name === "POST /v2/enqueue" && of === last?.spanId);
  return { receive, first: attemptsIn(collector)[0], last, post };
}

describe("a trace leads from the sender's span to the attempt at PagerDuty", () => {
  test("across a SIGKILL and a restart", async () => {
    await using pagerduty = await PagerDuty.open();
    await using collector = await Collector.open();
    await using service = await Service.start({ config: configOf(pagerduty, collector) });
    await sendAndFail(service, pagerduty, collector);
    await service.restart();
    const { receive, first, last, post } = await deliveredTrace(pagerduty, collector);
    expect(receive?.parentSpanId).toBe(parentSpanId);
    expect([first, last].map((one) => one?.parentSpanId)).toEqual(Array(2).fill(receive?.spanId));
    expect([first, last].map((one) => one?.attributes)).toMatchObject([
      { "tocsin.attempt": 1, "tocsin.outcome": "ambiguous", "tocsin.reason": "server" },
      { "tocsin.outcome": "accepted" },
    ]);
    expect(post?.attributes).toMatchObject({ "http.response.status_code": 202 });
    expect(last?.resource["service.instance.id"]).not.toBe(first?.resource["service.instance.id"]);
    const { incidents } = (await service.get("/api/v1/incidents")).body;
    expect(incidents).toMatchObject([{ state: "told", traceId }]);
    expect(collector.invalid).toEqual([]);
  });

  test("across two replicas, if the one that received the alert is killed", async () => {
    await using pagerduty = await PagerDuty.open();
    await using collector = await Collector.open();
    await using fleet = await Fleet.start({ replicas: 2, config: configOf(pagerduty, collector) });
    const [one, two] = fleet.replicas;
    if (!one || !two) throw new Error("a fleet of two has two");
    await sendAndFail(one, pagerduty, collector);
    await one.kill();
    const { receive, last } = await deliveredTrace(pagerduty, collector);
    expect(receive?.parentSpanId).toBe(parentSpanId);
    expect(last?.parentSpanId).toBe(receive?.spanId);
    expect(last?.resource["service.instance.id"]).not.toBe(receive?.resource["service.instance.id"]);
    expect((await two.get("/api/v1/incidents")).body.incidents).toMatchObject([{ state: "told", traceId }]);
    expect(collector.invalid).toEqual([]);
  });
});

test("OpenTelemetry is loaded only if traces are configured", async () => {
  using place = tempDir();
  const preload = join(place.path, "list-modules.mjs");
  const list = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { if (url.includes("opentelemetry")) process.stderr.write("LOADED " + url + "\\n"); return next(url, context); } });`;
  writeFileSync(preload, list);
  const env = { NODE_OPTIONS: `--import=${preload}` };
  await using pagerduty = await PagerDuty.open();
  await using collector = await Collector.open();
  const { telemetry, ...config } = configOf(pagerduty, collector);
  await using service = await Service.start({ config, env });
  await service.webhook([webhookAlert("db-1", "firing")]);
  await waitUntil("the alert is delivered", () => pagerduty.incidents("db-1").length === 1);
  expect(service.output).not.toContain("LOADED");
  await service.stop();
  service.configure({ ...config, telemetry });
  await service.start();
  expect(service.output).toContain("LOADED");
  expect(service.output).toContain("@opentelemetry/sdk-trace");
});
