import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { formatAddress } from "../config/address.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";
import { commandLinePage } from "./command-line-page.ts";
import { commandLine } from "./program.ts";
import { runIn } from "./terminal.fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-texts-"));
afterAll(() => rmSync(dir, { recursive: true }));

const tocsin = (service: TestService, ...args: string[]) =>
  runIn(dir, [...args, "--url", `http://${formatAddress(service.tocsin.address)}`]);

const webhook = (service: TestService, ...alerts: object[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager?source=am", { alerts });

const at = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

test("explain says when a doubtful end ends the alert", async () => {
  await using service = await startService();
  const alert = { fingerprint: "f", labels: { alertname: "F" } };
  await webhook(service, { ...alert, status: "firing", startsAt: at(-10) });
  await webhook(service, { ...alert, status: "resolved", startsAt: at(-120), endsAt: at(-60) });
  const { stdout } = await tocsin(service, "explain", "f");
  expect(stdout).toMatch(
    /\nsource am: its last resolve may be about an earlier firing; the alert ends at \S+Z unless it fires again \(doubtfulEndAt\)\n/,
  );
});

const explain = (service: TestService, content: unknown, ...more: string[]) => {
  writeFileSync(join(dir, "message.json"), JSON.stringify(content));
  return tocsin(service, "explain", "--alert", "message.json", ...more);
};

describe("explain --alert", () => {
  const one = { labels: { alertname: "One", instance: "db-1" } };
  const two = { labels: { alertname: "Two" }, status: "resolved" };
  test.each([
    ["a webhook message", { version: "4", alerts: [one, two] }],
    ["a list as Prometheus sends it", [one, two]],
  ])("explains each alert of %s", async (_, content) => {
    await using service = await startService();
    const { code, stdout } = await explain(service, content);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\S+ \(One\) is firing\nlabels: instance="db-1"\npager: due, would_tell\n\n\S+ \(Two\) is resolved\npager: /,
    );
    const { alerts } = JSON.parse((await explain(service, content, "--json")).stdout) as { alerts: unknown[] };
    expect(alerts).toHaveLength(2);
    const some = await explain(service, content, "--limit", "1");
    expect(some.stderr).toBe("message.json has 2 alerts, and 1 are explained. Raise --limit.\n");
  });

  test.each([[{ alerts: [] }], [[]]])("refuses %j, which has no alert", async (content) => {
    await using service = await startService();
    expect(await explain(service, content)).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^--alert: message\.json has no alert; expected one alert, .*, or a whole message, /,
      ),
    });
  });
});

test("stats lists incidents by target and state", async () => {
  await using service = await startService((url) => ({
    targets: ["z", "a"].map((name) => ({ name, type: "pagerduty", url, routing_key: routingKey })),
  }));
  await webhook(service, { status: "firing", fingerprint: "a", labels: { alertname: "A" } });
  const rows = await service.until("both are delivered", async () => {
    const { stdout } = await tocsin(service, "stats");
    const incidents = stdout.split("\n").filter((line) => line.startsWith("incidents"));
    return incidents.every((line) => line.includes(" told ")) ? incidents : undefined;
  });
  expect(rows.map((row) => row.split(/ +/).slice(1, 3))).toEqual([
    ["told", "a"],
    ["told", "z"],
  ]);
});

test("incidents list shows acknowledgements, and deadletters list shows replays", async () => {
  await using service = await startService();
  await webhook(service, { status: "firing", fingerprint: "a", labels: { alertname: "A" } });
  const [incident] = await service.until("it is delivered", async () => {
    const { incidents } = (await service.ask("GET", "/api/v1/incidents?state=told")).body;
    return incidents.length > 0 ? incidents : undefined;
  });
  await tocsin(service, "incidents", "acknowledge", String(incident.id));
  expect((await tocsin(service, "incidents", "list")).stdout).toMatch(/ (told|due|in_flight), acknowledged +/);

  service.simulator.setFaults([{ kind: "answer", status: 400, action: "trigger" }]);
  await webhook(service, { status: "firing", fingerprint: "b", labels: { alertname: "B" } });
  const [letter] = await service.until("it is a dead letter", async () => {
    const { deadletters } = (await service.ask("GET", "/api/v1/deadletters")).body;
    return deadletters.length > 0 ? deadletters : undefined;
  });
  expect((await tocsin(service, "deadletters", "list")).stdout).not.toContain("replayed");
  service.simulator.setFaults([]);
  expect((await tocsin(service, "deadletters", "replay", "--all", "--target", "pager", "--dry-run")).stdout).toBe(
    "Dead letters that match: 1. Can be sent again: 1\n",
  );
  expect((await tocsin(service, "deadletters", "replay", "--all", "--target", "other")).stdout).toMatch(
    /match: 0\. Queued again: 0\n/,
  );
  await tocsin(service, "deadletters", "replay", String(letter.id));
  expect((await tocsin(service, "deadletters", "list")).stdout).toMatch(/ dead_invalid, replayed at \S+Z /);
});

test("deadletters replay fails if the event is refused again, and otherwise shows what became of it", async () => {
  await using service = await startService();
  service.simulator.setFaults([{ kind: "answer", status: 400, action: "trigger" }]);
  await webhook(service, { status: "firing", fingerprint: "b", labels: { alertname: "B" } });
  const letters = (count: number) =>
    service.until(`there are ${count} dead letters`, async () => {
      const { deadletters } = (await service.ask("GET", "/api/v1/deadletters")).body;
      return deadletters.length === count ? deadletters : undefined;
    });
  const [first] = await letters(1);
  const refused = await tocsin(service, "deadletters", "replay", String(first.id));
  expect(refused).toEqual({
    code: 1,
    stdout: `The event of dead letter ${first.id} is queued again (incident ${first.incident})\n`,
    stderr: expect.stringMatching(/^It is a dead letter again \(dead_invalid\): HTTP 400/),
  });
  expect((await tocsin(service, "explain", "b")).stdout).toContain("Z  check: the receiver accepts the key\n");
  service.simulator.setFaults([]);
  const [second] = await letters(2);
  const { code, stdout } = await tocsin(service, "deadletters", "replay", String(second.id));
  expect([code, stdout.split("\n")[1]]).toEqual([0, `Incident ${first.incident} is told, delivered`]);
});

test("deadletters replay says that nothing was sent if the alert has ended meanwhile", async () => {
  await using service = await startService();
  service.simulator.setFaults([{ kind: "answer", status: 400, action: "trigger" }]);
  const alert = { fingerprint: "c", labels: { alertname: "C" } };
  await webhook(service, { ...alert, status: "firing" });
  const [letter] = await service.until("there is a dead letter", async () => {
    const { deadletters } = (await service.ask("GET", "/api/v1/deadletters")).body;
    return deadletters.length === 1 ? deadletters : undefined;
  });
  await webhook(service, { ...alert, status: "resolved", endsAt: at(0) });
  const { code, stdout } = await tocsin(service, "deadletters", "replay", String(letter.id));
  expect([code, stdout.split("\n")[1]]).toEqual([
    0,
    "Nothing was sent, because the event is no longer needed (resolved_before_told)",
  ]);
});

test("targets list says which definition of an invalid target is in use", async () => {
  await using service = await startService();
  const written = service.next as { targets: readonly object[] };
  const broken = { ...written.targets[0], timeout: 5 };
  service.next = { ...written, targets: [broken, { ...broken, name: "new" }] };
  await service.tocsin.reload();
  const { stdout } = await tocsin(service, "targets", "list");
  expect(stdout).toMatch(/\npager +\S+ +invalid, the last valid definition is in use +targets\[0\]/);
  expect(stdout).toMatch(/\nnew .* invalid, not in use +targets\[1\]/);
});

describe("send says who sent the event and who refused it:", () => {
  const key = "SENDSENDSENDSENDSENDSENDSENDSEND";
  const send = (url: string, ...more: string[]) =>
    runIn(dir, ["send", "trigger", "--summary", "x", "--source", "y", "--url", url, ...more], {
      PAGERDUTY_ROUTING_KEY: key,
    });

  test("a key that the receiver does not know", async () => {
    await using service = await startService();
    service.simulator.setKeys(["B".repeat(32)]);
    const { code, stderr } = await send(service.simulatorUrl);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^Tocsin's PagerDuty client sent the trigger directly, without the service, and ${service.simulatorUrl} refused it: .*400`,
      ),
    );
  });

  test("an unreachable receiver, and wrong options", async () => {
    expect(await send("http://127.0.0.1:9", "--severity", "info")).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/and http:\/\/127\.0\.0\.1:9 was not reached, so nothing was accepted: /),
    });
    expect(await send("nowhere")).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^Nothing was sent\. --url: /),
    });
  }, 60_000);
});

test("the page of the command line does not call an environment variable's name a default", () => {
  const page = commandLinePage(commandLine());
  expect(page).toContain("Bearer token (environment: TOCSIN_TOKEN). |");
  expect(page).not.toMatch(/Default: `(TOCSIN_TOKEN|PAGERDUTY_ROUTING_KEY)`/);
});
