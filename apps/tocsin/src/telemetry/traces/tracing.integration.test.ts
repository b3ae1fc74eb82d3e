import { answer, type CollectedSpan, Collector, ScriptedReceiver } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { startService, type TestService } from "../../service.fixture.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentSpanId = "00f067aa0ba902b7";
const traceparent = `00-${traceId}-${parentSpanId}-01`;
const other = (n: number) => `00-${String(n).repeat(32)}-${parentSpanId}-01`;
const unsampled = `00-${traceId}-${parentSpanId}-00`;

interface How {
  readonly collector: string;
  readonly sample?: number;
  readonly targets?: (simulatorUrl: string) => readonly object[];
}

const tracingService = ({ collector, sample, targets }: How): Promise<TestService> =>
  startService((simulatorUrl) => ({
    telemetry: { logs: { level: "debug" }, traces: { otlp: collector, ...(sample !== undefined && { sample }) } },
    delivery: { retry: { initial: "50ms", max: "50ms" } },
    ...(targets && { targets: targets(simulatorUrl) }),
  }));

const alertOf = (fingerprint: string, status: "firing" | "resolved" = "firing", labels: object = {}) => ({
  status,
  fingerprint,
  labels: { alertname: "DiskFull", severity: "critical", customer: "LABELVALUE", ...labels },
  annotations: { summary: "ANNOTATIONTEXT" },
  startsAt: "2026-01-01T00:00:00Z",
  ...(status === "resolved" && { endsAt: new Date().toISOString() }),
});

const send = (service: TestService, alerts: readonly object[], headers: Record<string, string> = {}) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", { alerts }, headers);

const told = (service: TestService, fingerprint: string, state = "told") =>
  service.until(`${fingerprint} is ${state}`, async () => {
    const { body } = await service.ask("GET", `/api/v1/incidents?fingerprint=${fingerprint}`);
    return body.incidents.find((one: { state: string }) => one.state === state);
  });

/** Each span as `parent > name`. */
const treeOf = (spans: readonly CollectedSpan[]): string[] => {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans.map(({ name, parentSpanId: of = "" }) => `${names.get(of) ?? of} > ${name}`).toSorted();
};

/** None of these continues a trace. */
const headers = ["", "garbage", `${traceparent},${traceparent}`, `00-${"0".repeat(32)}-${parentSpanId}-01`];

const receive = "POST /api/v1/webhook/alertmanager";

describe("a trace", () => {
  test("leads from the sender's span to the accepted attempt, with a span for each retry", async () => {
    await using collector = await Collector.open();
    await using service = await tracingService({ collector: collector.url });
    service.simulator.setFaults([{ kind: "answer", status: 500, share: 1, times: 2 }]);
    await send(service, [alertOf("a1")], { traceparent });
    const incident = await told(service, "a1");
    expect(incident.traceId).toBe(traceId);
    const explained = (await service.ask("GET", "/api/v1/explain?fingerprint=a1")).body;
    expect(explained.targets[0].traceId).toBe(traceId);
    await service.tocsin.stop();

    expect(collector.invalid).toEqual([]);
    const spans = collector.trace(traceId);
    expect(treeOf(spans)).toEqual(
      [
        `${parentSpanId} > ${receive}`,
        ...Array<string>(3).fill(`${receive} > attempt`),
        `${receive} > record`,
        `${receive} > wait`,
        ...Array<string>(3).fill("attempt > POST /v2/enqueue"),
        ...Array<string>(3).fill("attempt > format"),
      ].toSorted(),
    );
    const attempts = spans.filter(({ name }) => name === "attempt");
    expect(
      attempts.map(({ attributes, failed }) => [attributes["tocsin.outcome"], attributes["tocsin.reason"], failed]),
    ).toEqual([
      ["ambiguous", "server", true],
      ["ambiguous", "server", true],
      ["accepted", undefined, false],
    ]);
    expect(attempts[2]!.attributes).toEqual({
      "tocsin.target": "pager",
      "tocsin.incident": incident.id,
      "tocsin.action": "trigger",
      "tocsin.severity": "critical",
      "tocsin.fingerprint": "a1",
      "tocsin.attempt": 3,
      "tocsin.outcome": "accepted",
    });
    const posts = spans.filter(({ name }) => name === "POST /v2/enqueue");
    const { port } = new URL(service.simulatorUrl);
    expect(posts.map(({ attributes }) => attributes["http.response.status_code"])).toEqual([500, 500, 202]);
    expect(posts[2]!.attributes).toMatchObject({
      "http.request.method": "POST",
      "url.scheme": "http",
      "server.address": "127.0.0.1",
      "server.port": Number(port),
      "url.template": "/v2/enqueue",
    });
    expect(spans.every(({ startMs, endMs }) => endMs >= startMs && endMs - startMs < 60_000)).toBe(true);
    expect(spans[0]!.resource).toMatchObject({ "service.name": "tocsin" });
    for (const secret of ["LABELVALUE", "ANNOTATIONTEXT"]) expect(collector.text).not.toContain(secret);
    const failed = service.logs.map((line) => JSON.parse(line)).filter(({ event }) => event === "attempt_failed");
    expect(failed.map(({ trace_id }) => trace_id)).toEqual([traceId, traceId]);
  });

  test("begins here if the sender has none, or none that is valid", async () => {
    await using collector = await Collector.open();
    await using service = await tracingService({ collector: collector.url });
    const ids: string[] = [];
    for (const [n, header] of headers.entries()) {
      await send(service, [alertOf(`b${n}`)], header === "" ? {} : { traceparent: header });
      ids.push((await told(service, `b${n}`)).traceId);
    }
    expect(new Set([...ids, traceId]).size).toBe(headers.length + 1);
    await service.tocsin.stop();
    for (const id of ids) expect(treeOf(collector.trace(id))[0]).toBe(` > ${receive}`);
  });

  test.each([
    ["the sender does not sample it", 1, unsampled],
    ["sample is 0", 0, ""],
  ])("is not exported if %s, and its id is kept", async (_why, sample, header) => {
    await using collector = await Collector.open();
    await using receiver = await ScriptedReceiver.open(answer(202), answer(202));
    await using service = await tracingService({
      collector: collector.url,
      sample,
      targets: () => [{ name: "hook", type: "webhook", url: receiver.url, send_traceparent: true }],
    });
    await send(service, [alertOf("c")], header === "" ? {} : { traceparent: header });
    const { traceId: id } = await told(service, "c");
    await service.tocsin.stop();
    expect(collector.spans).toEqual([]);
    expect(receiver.requests[0]!.head).toMatch(new RegExp(`traceparent: 00-${id}-[0-9a-f]{16}-00`));
  });

  test("is exported if its sender samples it, whatever the share is", async () => {
    await using collector = await Collector.open();
    await using service = await tracingService({ collector: collector.url, sample: 0 });
    await send(service, [alertOf("d")], { traceparent });
    await told(service, "d");
    await service.tocsin.stop();
    expect(collector.trace(traceId).map(({ name }) => name)).toContain("attempt");
  });

  test("is linked by requests that repeat its alert, end it, or join its group", async () => {
    await using collector = await Collector.open();
    await using service = await tracingService({
      collector: collector.url,
      targets: (url) => [
        {
          name: "pager",
          type: "pagerduty",
          url,
          routing_key: "R0UT1NGKEY0123456789abcdefABCDEF",
          group_by: ["alertname"],
        },
      ],
    });
    await send(service, [alertOf("e1")], { traceparent });
    await told(service, "e1");
    await send(service, [alertOf("e1")], { traceparent: other(1) });
    await send(service, [alertOf("e2", "firing", { instance: "2" })], { traceparent: other(2) });
    await send(service, [alertOf("e1", "resolved"), alertOf("e2", "resolved", { instance: "2" })], {
      traceparent: other(3),
    });
    await told(service, "e1", "closed");
    await service.tocsin.stop();
    const linksOf = (n: number) => collector.trace(String(n).repeat(32)).flatMap(({ links }) => links);
    expect([1, 2, 3].map(linksOf)).toEqual([[traceId], [traceId], [traceId]]);
    // The request that ended the incident made it due, so the resolve is part of its trace.
    const resolve = collector.spans.find(({ attributes }) => attributes["tocsin.action"] === "resolve");
    expect(resolve?.traceId).toBe("3".repeat(32));
  });

  test("shows the origin of a target, and no path or query of it", async () => {
    await using collector = await Collector.open();
    await using receiver = await ScriptedReceiver.open(answer(202), answer(202));
    await using service = await tracingService({
      collector: collector.url,
      targets: () => [
        { name: "hook", type: "webhook", url: `${receiver.url}/PATHSECRET?sig=QUERYSECRET`, send_traceparent: true },
      ],
    });
    await send(service, [alertOf("f")], { traceparent });
    await told(service, "f");
    await service.tocsin.stop();
    const spans = collector.trace(traceId);
    const attempt = spans.find(({ name }) => name === "attempt");
    expect(spans.map(({ name }) => name)).toContain("POST /{path}");
    expect(receiver.requests[0]!.head).toContain(`traceparent: 00-${traceId}-${attempt!.spanId}-01`);
    expect(collector.text).not.toMatch(/PATHSECRET|QUERYSECRET/);
  });
});

describe("an alert is delivered in time, and the service stops in time, if the collector", () => {
  const cases: Readonly<Record<string, (collector: Collector) => unknown>> = {
    hangs: (collector) => (collector.respond = () => {}),
    "answers 500": (collector) => (collector.respond = (response) => response.writeHead(500).end("no")),
    "answers garbage": (collector) => (collector.respond = (response) => response.socket?.end("garbage\r\n\r\n")),
    "resets the connection": (collector) => (collector.respond = (response) => response.socket?.resetAndDestroy()),
    "is not there": (collector) => collector[Symbol.asyncDispose](),
  };

  test.each(Object.entries(cases))("%s", async (_what, breakIt) => {
    await using collector = await Collector.open();
    const { url } = collector;
    await breakIt(collector);
    const unhandled: unknown[] = [];
    const see = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", see);
    {
      await using service = await tracingService({ collector: url });
      const sinceMs = performance.now();
      await send(service, [alertOf("g")], { traceparent });
      await told(service, "g");
      expect(performance.now() - sinceMs).toBeLessThan(4_000);
      const stopMs = performance.now();
      await service.tocsin.stop();
      expect(performance.now() - stopMs).toBeLessThan(4_500);
      expect(service.logs.join("")).toContain('"event":"trace_export_failed"');
    }
    process.off("unhandledRejection", see);
    expect(unhandled).toEqual([]);
  });
});

test("the user and password in the collector's URL are sent as basic authentication", async () => {
  await using collector = await Collector.open();
  await using service = await tracingService({ collector: collector.url.replace("//", "//me:pass%20word@") });
  await send(service, [alertOf("h")]);
  await service.tocsin.stop();
  expect(collector.authorization).toBe(`Basic ${Buffer.from("me:pass word").toString("base64")}`);
  expect(collector.spans).not.toEqual([]);
});
