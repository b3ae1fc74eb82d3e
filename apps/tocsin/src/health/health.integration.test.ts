import { expect, test } from "vitest";
import { runIn } from "../cli/terminal.fixture.ts";
import { startService, type TestService } from "../service.fixture.ts";

const doctor = ({ dir, tocsin: { address } }: TestService, ...options: string[]) =>
  runIn(dir, ["doctor", "--url", `http://${address.host}:${address.port}`, ...options]);

const ready = (service: TestService) =>
  service.until("it is ready", async () => ((await service.ask("GET", "/readyz")).status === 200 ? true : undefined));

test("doctor finds nothing at a healthy service, and exits with 0", async () => {
  await using service = await startService();
  await ready(service);
  expect((await service.ask("GET", "/api/v1/health")).body).toEqual({ ok: true, problems: [] });
  expect(await doctor(service)).toMatchObject({ code: 0, stdout: "No problem was found.\n" });
});

test("doctor lists the most urgent problem first, and exits with 1", async () => {
  await using service = await startService((url) => ({
    targets: [
      { name: "broken", type: "pagerduty", url, routing_key: "short", colour: "red" },
      { name: "pager", type: "pagerduty", url, routing_key: "R0UT1NGKEY0123456789abcdefABCDEF", enabled: false },
    ],
  }));
  await ready(service);
  const { body } = await service.ask("GET", "/api/v1/health");
  expect(body.ok).toBe(false);
  expect(body.problems.map((one: { condition: string }) => one.condition)).toEqual(["no_target", "target_invalid"]);
  expect(Date.now() - Date.parse(body.problems[0].since)).toBeLessThan(10_000);
  const { code, stdout, stderr } = await doctor(service);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^critical: Alerts are recorded but not sent[^]*\nerror: broken is invalid: /);
  expect(stderr).toContain("2 problems were found");
  const asJson = await doctor(service, "--json");
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    ok: false,
    problems: [{ condition: "no_target" }, { object: "broken" }],
  });
});

test("doctor shows that traces cannot be exported", async () => {
  await using service = await startService(() => ({
    telemetry: { logs: { level: "debug" }, traces: { otlp: "http://127.0.0.1:9" } },
  }));
  await ready(service);
  await service.ask("POST", "/api/v1/webhook/alertmanager", {
    alerts: [{ status: "firing", labels: { alertname: "A" }, startsAt: "2026-01-01T00:00:00Z" }],
  });
  const [problem] = await service.until("the export has failed", async () => {
    const { problems } = (await service.ask("GET", "/api/v1/health")).body;
    return problems.length > 0 ? problems : undefined;
  });
  expect(problem).toMatchObject({ condition: "traces_failing", severity: "warning", object: "telemetry.traces" });
});
