import { expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";
import { runProgram } from "./program.ts";
import { runIn, TestTerminal } from "./terminal.fixture.ts";

const second = "C0UT1NGKEY0123456789abcdefABCDEF";

/** Two targets: one that takes every alert, and one that takes none by its filters. */
const start = () =>
  startService((url) => ({
    targets: [
      { name: "pager", type: "pagerduty", url, routing_key: routingKey },
      {
        name: "other",
        type: "pagerduty",
        url,
        routing_key: second,
        filters: { alert_name_pattern: "^NoAlertHasThisName$" },
      },
    ],
  }));

const argsOf = (service: TestService, ...args: string[]) => [
  "drill",
  "--url",
  `http://${formatAddress(service.tocsin.address)}`,
  ...args,
];

const play = (service: TestService, ...args: string[]) => runIn(service.dir, argsOf(service, ...args));

const incidentsOf = async (service: TestService) => (await service.ask("GET", "/api/v1/incidents")).body.incidents;

/** A person acknowledges the drill once it is delivered. */
async function acknowledge(service: TestService) {
  const id = await service.until("it is delivered", async () => {
    const [incident] = await incidentsOf(service);
    return incident?.told?.certain === true ? incident.id : undefined;
  });
  await service.ask("POST", `/api/v1/incidents/${id}/acknowledge`);
}

test("follows a marked alert through intake and routing until a person acknowledges it, and resolves it", async () => {
  await using service = await start();
  const playing = play(service, "--wait", "1m");
  await acknowledge(service);
  const { code, stdout, stderr } = await playing;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const steps = stdout.split("\n").filter(Boolean);
  expect(steps.every((line) => /^\d\d:\d\d:\d\d +\+\d+\.\d s  \w+ /.test(line))).toBe(true);
  expect(steps.map((line) => line.replace(/^.* s  /, "").replace(/ [0-9a-f]{16}$/, ""))).toEqual([
    "received by Tocsin as alert",
    "routed to 1 target: pager",
    "delivered to pager (incident 1)",
    "waiting for a person to acknowledge it, up to 1m",
    "acknowledged by api",
    "resolved at pager",
  ]);
  const [incident] = service.simulator.incidents();
  expect(incident).toMatchObject({ status: "resolved" });
  const [shown] = await incidentsOf(service);
  expect(shown.wanted.summary).toMatch(/^DRILL/);
  expect(shown.labels).toMatchObject({ tocsin_drill: "true", severity: "critical" });
});

test("a drill at a target goes to it only, whatever its filters, and --json lists the steps", async () => {
  await using service = await start();
  const { code, stdout } = await play(service, "--target", "other", "--no-acknowledge", "--severity", "info", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    fingerprint: expect.stringMatching(/^tocsin-drill-/),
    steps: ["received", "routed", "delivered", "resolved"].map((step) => ({ step })),
    problems: [],
  });
  const incidents = await incidentsOf(service);
  expect(incidents).toMatchObject([{ target: "other", severity: "info", state: "closed" }]);
  expect(service.simulator.incidents()).toMatchObject([{ status: "resolved" }]);
});

test("fails, and resolves the alert, if no person acknowledges it in time", async () => {
  await using service = await start();
  const { code, stderr } = await play(service, "--wait", "3s");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^No person acknowledged it within 3s/);
  expect(service.simulator.incidents()).toMatchObject([{ status: "resolved" }]);
});

test("fails if a target refuses the event or no target receives the alert", async () => {
  await using service = await start();
  service.simulator.setFaults([{ kind: "answer", status: 400, action: "trigger" }]);
  const refused = await play(service, "--wait", "1m");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^It was not delivered to pager: dead/) });
  service.next = { ...(service.next as object), targets: [] };
  await service.ask("POST", "/-/reload");
  const unrouted = await play(service, "--wait", "1m");
  expect(unrouted).toMatchObject({ code: 1, stderr: expect.stringMatching(/^No target receives this alert/) });
  expect((await service.ask("GET", "/api/v1/stats")).body.alerts).toMatchObject({ firing: 0 });
});

test("Ctrl-C resolves the alert", async () => {
  await using service = await start();
  const terminal = new TestTerminal(service.dir);
  const playing = runProgram(argsOf(service, "--wait", "1m"), terminal);
  await service.until("it waits for a person", () => (terminal.stdout.includes("waiting for") ? true : undefined));
  terminal.send("SIGINT");
  expect(await playing).toBe(1);
  expect(terminal.stderr).toBe("The drill was interrupted\n");
  expect(service.simulator.incidents()).toMatchObject([{ status: "resolved" }]);
});

test("a drill that its caller leaves ends by itself, and only its own target ends it", async () => {
  await using service = await start();
  const begun = await service.ask("POST", "/api/v1/targets/other/drill?for=1s");
  expect(begun).toMatchObject({ status: 202, body: { target: "other" } });
  expect(
    (await service.ask("DELETE", `/api/v1/targets/pager/drill?fingerprint=${begun.body.fingerprint}`)).status,
  ).toBe(404);
  await service.until("it is resolved", () =>
    service.simulator.incidents().some(({ status }) => status === "resolved") ? true : undefined,
  );
  const { body } = await service.ask("POST", "/api/v1/targets/other/drill?for=25h&severity=critical");
  expect(body.error.issues).toEqual([{ path: "for", message: 'expected a duration from "1s" to "24h"' }]);
});

test("a token without the role says which roles a drill needs, and nothing is sent", async () => {
  await using service = await startService(() => ({
    server: {
      listen: "127.0.0.1:0",
      auth: { tokens: [{ name: "reader", token: "a-token-that-only-reads", roles: ["read"] }] },
    },
  }));
  const reader = ["--token", "a-token-that-only-reads"];
  for (const [more, roles] of [
    [[], "ingest and read"],
    [["--target", "pager"], "operate and read"],
  ] as const) {
    const { code, stderr } = await play(service, ...reader, ...more);
    expect(code).toBe(1);
    expect(stderr).toContain(`This drill needs a token with the roles ${roles}. Nothing was sent.`);
  }
  expect(service.simulator.incidents()).toEqual([]);
});
