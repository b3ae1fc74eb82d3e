import { expect, test } from "vitest";
import { secret } from "../callbacks/callback.fixture.ts";
import { formatAddress } from "../config/address.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";
import { runProgram } from "./program.ts";
import { runIn, TestTerminal } from "./terminal.fixture.ts";

const callbacks = [{ name: "pd", type: "pagerduty", secrets: [secret], targets: ["pager"] }];

const start = (target: object = {}, more: object = {}) =>
  startService((url) => ({
    targets: [{ name: "pager", type: "pagerduty", url, routing_key: routingKey, ...target }],
    ...more,
  }));

const argsOf = (service: TestService, ...args: string[]) => [
  "verify",
  "--url",
  `http://${formatAddress(service.tocsin.address)}`,
  "--target",
  "pager",
  ...args,
];
const verify = (service: TestService, ...args: string[]) => runIn(service.dir, argsOf(service, ...args));

/** PagerDuty sends its webhooks to the callback of the service. */
const subscribe = (service: TestService) =>
  service.simulator.subscribe({
    url: `http://${formatAddress(service.tocsin.address)}/api/v1/callbacks/pd`,
    secrets: [secret],
  });

const resultsOf = (stdout: string) =>
  stdout
    .split("\n")
    .filter((line) => /^\w/.test(line))
    .map((line) => /^(\w+) +([\w ]+): /.exec(line)?.slice(1, 3).join(" "));

test("every step is ok if PagerDuty accepts and shows each event, by callback and by its REST API", async () => {
  await using service = await start({ rest_token: "a-rest-token-of-pagerduty" }, { callbacks });
  subscribe(service);
  const { code, stdout, stderr } = await verify(service);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const expected = ["trigger", "acknowledge", "resolve"].flatMap((event) => [
    `ok ${event}`,
    `ok ${event} seen by callback`,
    `ok ${event} seen by REST API`,
  ]);
  // Which of both ways shows an event first is open.
  expect(new Set(resultsOf(stdout))).toEqual(new Set(["ok target", "ok key", ...expected]));
  const [incident] = service.simulator.incidents();
  expect(incident).toMatchObject({ status: "resolved", severity: "info" });
  expect(incident?.events.map(({ action }) => action)).toEqual(["trigger", "acknowledge", "resolve"]);
  expect(stdout).toContain(`PagerDuty has incident ${incident?.id}, acknowledged`);
  expect(stdout).not.toContain(routingKey);
});

test("skips a way to see events that is not configured, and says how to configure it", async () => {
  await using service = await start();
  const { code, stdout } = await verify(service, "--json");
  expect(code).toBe(0);
  const { ok, target, steps } = JSON.parse(stdout);
  expect([ok, target]).toEqual([true, "pager"]);
  expect(steps.map(({ step, result }: Record<string, string>) => `${result} ${step}`)).toEqual([
    "ok target",
    "ok key",
    ...["trigger", "acknowledge", "resolve"].flatMap((event) => [
      `ok ${event}`,
      `skipped ${event} seen by callback`,
      `skipped ${event} seen by REST API`,
    ]),
  ]);
  expect(steps[3]).toMatchObject({
    detail: "no callback names this target",
    fix: expect.stringContaining("callbacks"),
  });
});

test("fails if the webhook never comes or the REST token is refused, and still ends the incident", async () => {
  await using service = await start({ rest_token: "a-rest-token-of-pagerduty" }, { callbacks });
  service.simulator.setFaults([{ kind: "answer", status: 401, receiver: "pagerduty_rest" }]);
  const { code, stdout, stderr } = await verify(service, "--wait", "1s");
  expect(code).toBe(1);
  expect(stderr).toBe(
    "6 of 11 steps failed: trigger seen by REST API, trigger seen by callback, acknowledge seen by REST API, acknowledge seen by callback, resolve seen by REST API, resolve seen by callback\n",
  );
  expect(stdout).toContain(
    "failed   trigger seen by callback: PagerDuty reported nothing within 1s\n         fix: check the webhook",
  );
  expect(stdout).toContain(
    "failed   trigger seen by REST API: HTTP 401\n         fix: PagerDuty refuses the rest_token",
  );
  expect(service.simulator.incidents()).toMatchObject([{ status: "resolved" }]);
});

test("fails if PagerDuty does not show an incident that it accepted", async () => {
  await using service = await start({ rest_token: "a-rest-token-of-pagerduty" });
  service.simulator.setFaults([{ kind: "suppress" }]);
  const { code, stdout } = await verify(service, "--wait", "1s");
  expect(code).toBe(1);
  expect(stdout).toContain(
    "failed   trigger seen by REST API: PagerDuty has no incident with this dedup key after 1s\n",
  );
});

test("an unknown key is found before any incident is opened", async () => {
  await using service = await start();
  service.simulator.setFaults([{ kind: "answer", status: 400 }]);
  const { code, stdout, stderr } = await verify(service);
  expect([code, stderr]).toEqual([1, "1 of 2 steps failed: key\n"]);
  expect(stdout).toMatch(
    /^ok {7}target: pager at .*\nfailed {3}key: refused \(HTTP 400, .*\)\n {9}fix: the routing key is unknown/,
  );
  expect(service.simulator.incidents()).toEqual([]);
});

test("a refused trigger fails the step, and the others are not tried", async () => {
  await using service = await start();
  service.simulator.setFaults([{ kind: "answer", status: 413, action: "trigger" }]);
  const { code, stdout } = await verify(service);
  expect(code).toBe(1);
  expect(resultsOf(stdout)).toEqual(["ok target", "ok key", "failed trigger"]);
  expect(stdout).toMatch(/^failed {3}trigger: refused: dead \(dead_invalid\), HTTP 413/m);
  expect((await service.ask("GET", "/api/v1/stats")).body.alerts).toMatchObject({ firing: 0 });
});

test.each([
  ["invalid", { nothing: true }, /^failed {3}target: invalid: targets\[0\]\.nothing: unknown key\n/],
  ["disabled", { enabled: false }, /^failed {3}target: it is disabled\n {9}fix: set `enabled: true`, and reload\n/],
  ["a shadow", { mode: "shadow" }, /^failed {3}target: it is in shadow mode/],
])("a target that is %s fails the first step", async (_, target, text) => {
  await using service = await start(target);
  const { code, stdout, stderr } = await verify(service);
  expect([code, stderr]).toEqual([1, "1 of 1 steps failed: target\n"]);
  expect(stdout).toMatch(text);
});

test("an unknown target, a missing option and a wrong wait are errors", async () => {
  await using service = await start();
  const url = ["--url", `http://${formatAddress(service.tocsin.address)}`];
  const run = async (...args: string[]) => {
    const { code, stderr } = await runIn(service.dir, ["verify", ...url, ...args]);
    return [code, stderr];
  };
  expect(await run("--target", "none")).toEqual([1, "404: no such target\n"]);
  expect(await run()).toEqual([2, "error: missing required options: --target\n"]);
  expect(await run("--target", "pager", "--wait", "soon")).toEqual([2, '--wait: expected a duration such as "1m"\n']);
});

test("Ctrl-C ends the incident", async () => {
  await using service = await start({ rest_token: "a-rest-token-of-pagerduty" });
  service.simulator.setFaults([{ kind: "suppress" }]);
  const terminal = new TestTerminal(service.dir);
  const running = runProgram(argsOf(service, "--wait", "1h"), terminal);
  await service.until("it waits", () => (terminal.stdout.includes("trigger seen by callback") ? true : undefined));
  terminal.send("SIGINT");
  expect(await running).toBe(1);
  await service.until("the alert has ended", async () => {
    const { body } = await service.ask("GET", "/api/v1/stats");
    return body.alerts.firing === 0 || undefined;
  });
});
