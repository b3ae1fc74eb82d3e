import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { routingKey, startService, type TestService } from "../service.fixture.ts";

/** A receiver of webhooks, whose answer a test decides. */
async function openReceiver() {
  const events: { readonly path: string; readonly body: any }[] = [];
  const answers: Record<string, number> = {};
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      const status = answers[path] ?? 200;
      if (status === 200) events.push({ path, body: JSON.parse(text) });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    events,
    answers,
    targets: ["team", "ops", "backup"].map((name) => ({ name, type: "webhook", url: `${url}/${name}` })),
    /** The events about a condition that a target received. */
    about: (path: string, condition: string) =>
      events
        .filter((one) => one.path === path && JSON.stringify(one.body).includes(`"tocsin_condition":"${condition}"`))
        .map(({ body }) => body),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Receiver = Awaited<ReturnType<typeof openReceiver>>;

const start = (receiver: Receiver, more: Record<string, unknown> = {}) =>
  startService(() => ({
    targets: receiver.targets,
    selfAlerts: { targets: ["ops", "backup"], after: "1s" },
    delivery: { retry: { initial: "500ms", max: "1s" } },
    ...more,
  }));

/** A PagerDuty service that receives alerts and self-alerts. */
const pagers = (url: string) => ({
  targets: [{ name: "pager", type: "pagerduty", url, routing_key: routingKey }],
  selfAlerts: { targets: ["pager"], after: "1s" },
});

const critical = (alertname: string) => ({
  alerts: [
    { status: "firing", labels: { alertname, severity: "critical" }, startsAt: new Date(Date.now()).toISOString() },
  ],
});

const send = (service: TestService, alertname: string) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", critical(alertname));

async function receives(service: TestService, receiver: Receiver, path: string, condition: string) {
  await service.until(`${path} receives ${condition}`, () => receiver.about(path, condition)[0]);
}

/** Returns the types of the first two events about a condition, once both were received. */
const eventsAt = (service: TestService, receiver: Receiver, path: string, condition: string) =>
  service.until(`${condition} is resolved at ${path}`, (): string[] | undefined => {
    const [first, second] = receiver.about(path, condition);
    return second && [first.type, second.type];
  });

const triggeredAndResolved = ["alert.triggered", "alert.resolved"];

describe("a forced condition arrives elsewhere and is resolved", () => {
  test("target_unauthorized: also the critical that waits there; the refusing target gets nothing", async () => {
    await using receiver = await openReceiver();
    await using service = await start(receiver);
    receiver.answers["/ops"] = 401;
    await send(service, "A");
    await receives(service, receiver, "/backup", "target_unauthorized");
    await receives(service, receiver, "/backup", "critical_overdue");
    expect(receiver.about("/team", "target_unauthorized")).toEqual([]);
    const { body } = await service.ask("GET", "/api/v1/health");
    expect(body.problems[0]).toMatchObject({ severity: "critical" });
    receiver.answers["/ops"] = 200;
    await service.ask("POST", "/api/v1/targets/ops/test");
    expect(await eventsAt(service, receiver, "/backup", "target_unauthorized")).toEqual(triggeredAndResolved);
    expect(await eventsAt(service, receiver, "/backup", "critical_overdue")).toEqual(triggeredAndResolved);
    expect(receiver.about("/ops", "target_unauthorized")).toEqual([]);
    expect((await service.ask("GET", "/api/v1/health")).body).toEqual({ ok: true, problems: [] });
  });

  test("target_misconfigured", async () => {
    await using receiver = await openReceiver();
    await using service = await start(receiver);
    receiver.answers["/team"] = 404;
    await send(service, "A");
    await receives(service, receiver, "/ops", "target_misconfigured");
    receiver.answers["/team"] = 200;
    await service.ask("POST", "/api/v1/targets/team/test");
    expect(await eventsAt(service, receiver, "/ops", "target_misconfigured")).toEqual(triggeredAndResolved);
  });

  test("critical_overdue", async () => {
    await using receiver = await openReceiver();
    await using service = await start(receiver);
    receiver.answers["/team"] = 503;
    await send(service, "A");
    await receives(service, receiver, "/ops", "critical_overdue");
    receiver.answers["/team"] = 200;
    expect(await eventsAt(service, receiver, "/ops", "critical_overdue")).toEqual(triggeredAndResolved);
  });

  test("critical_dead", async () => {
    await using receiver = await openReceiver();
    await using service = await start(receiver);
    receiver.answers["/team"] = 400;
    await send(service, "A");
    await receives(service, receiver, "/ops", "critical_dead");
    receiver.answers["/team"] = 200;
    const { deadletters } = (await service.ask("GET", "/api/v1/deadletters")).body;
    await service.ask("POST", `/api/v1/deadletters/${deadletters[0].id}/replay`);
    expect(await eventsAt(service, receiver, "/ops", "critical_dead")).toEqual(triggeredAndResolved);
  });

  test("a dead critical stays reported below any number of dead warnings", async () => {
    await using receiver = await openReceiver();
    await using service = await start(receiver);
    receiver.answers["/team"] = receiver.answers["/backup"] = 400;
    await send(service, "A");
    await receives(service, receiver, "/ops", "critical_dead");
    const warnings = Array.from({ length: 210 }, (_, n) => ({
      status: "firing",
      labels: { alertname: `W${n}`, severity: "warning" },
      startsAt: new Date(Date.now()).toISOString(),
    }));
    await service.ask("POST", "/api/v1/webhook/alertmanager", { alerts: warnings });
    const problems = await service.until("the warnings are dead", async () => {
      const body = (await service.ask("GET", "/api/v1/health")).body;
      const found = body.problems.filter(({ object }: { object: string }) => object === "team");
      return found.some(({ summary }: { summary: string }) => summary.startsWith("210 ")) ? found : undefined;
    });
    expect(problems).toMatchObject([
      { condition: "critical_dead", summary: "1 critical is a dead letter at team" },
      { condition: "dead_letter", summary: "210 incidents are dead letters at team" },
    ]);
  });

  test("critical_unconfirmed", async () => {
    await using receiver = await openReceiver();
    await using service = await startService((url) => ({
      targets: [
        ...receiver.targets.map((target) => ({ ...target, filters: { alert_name_pattern: "^NoAlertHasThisName$" } })),
        { name: "pager", type: "pagerduty", url, routing_key: routingKey, confirm_within: "1s" },
      ],
      // No webhook reaches it.
      callbacks: [{ name: "pd", type: "pagerduty", secrets: ["a secret of sixteen characters"], targets: ["pager"] }],
      selfAlerts: { targets: ["ops", "backup"], after: "1s" },
    }));
    await send(service, "A");
    await receives(service, receiver, "/ops", "critical_unconfirmed");
    const { incidents } = (await service.ask("GET", "/api/v1/incidents?target=pager")).body;
    await service.ask("POST", `/api/v1/incidents/${incidents[0].id}/acknowledge`);
    expect(await eventsAt(service, receiver, "/ops", "critical_unconfirmed")).toEqual(triggeredAndResolved);
  });

  test("canary_failed", async () => {
    await using receiver = await openReceiver();
    await using service = await start(receiver, { canary: { every: "5s", target: "team" } });
    receiver.answers["/team"] = 503;
    await receives(service, receiver, "/ops", "canary_failed");
    receiver.answers["/team"] = 200;
    expect(await eventsAt(service, receiver, "/ops", "canary_failed")).toEqual(triggeredAndResolved);
  }, 30_000);

  test("discovery_stale", async () => {
    await using receiver = await openReceiver();
    const dir = mkdtempSync(join(tmpdir(), "tocsin-targets-"));
    const places = join(dir, "targets");
    mkdirSync(places);
    await using service = await start(receiver, { discovery: { files: [places] } });
    renameSync(places, join(dir, "elsewhere"));
    await receives(service, receiver, "/ops", "discovery_stale");
    renameSync(join(dir, "elsewhere"), places);
    expect(await eventsAt(service, receiver, "/ops", "discovery_stale")).toEqual(triggeredAndResolved);
    rmSync(dir, { recursive: true });
  });

  test("certificate_expiring", async () => {
    await using receiver = await openReceiver();
    const dir = mkdtempSync(join(tmpdir(), "tocsin-certificate-"));
    const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
    const issue = (days: number) =>
      execFileSync(
        "openssl",
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key].concat([
          ..."-subj /CN=tocsin -days".split(" "),
          String(days),
          "-out",
          cert,
        ]),
        { stdio: "pipe" },
      );
    issue(3);
    const server = { listen: "127.0.0.1:0", tls: { cert: { file: cert }, key: { file: key } } };
    await using service = await start(receiver, { server });
    await receives(service, receiver, "/ops", "certificate_expiring");
    issue(300);
    await service.tocsin.reload();
    expect(await eventsAt(service, receiver, "/ops", "certificate_expiring")).toEqual(triggeredAndResolved);
    rmSync(dir, { recursive: true });
  });

  test("ledger_not_committing, directly, and resolved by the ledger when its file is back", async () => {
    await using receiver = await openReceiver();
    await using service = await start(receiver);
    await service.until("it is ready", async () =>
      (await service.ask("GET", "/readyz")).status === 200 ? true : undefined,
    );
    const [file, moved] = ["tocsin.db", "moved.db"].map((name) => join(service.dir, name)) as [string, string];
    renameSync(file, moved);
    await receives(service, receiver, "/ops", "ledger_not_committing");
    await receives(service, receiver, "/backup", "ledger_not_committing");
    expect((await service.ask("GET", "/metrics")).text).toMatch(
      /tocsin_attempts_total\{target="ops".*"accepted".*\} 1/,
    );
    renameSync(moved, file);
    expect(await eventsAt(service, receiver, "/ops", "ledger_not_committing")).toEqual(triggeredAndResolved);
    expect(await eventsAt(service, receiver, "/backup", "ledger_not_committing")).toEqual(triggeredAndResolved);
    expect(receiver.about("/team", "ledger_not_committing")).toEqual([]);
  });

  test("ledger_not_committing, directly, and resolved after a restart while it fails", async () => {
    await using first = await startService(pagers);
    const statuses = () => first.simulator.incidents().map(({ status }) => status);
    await first.until("it is ready", async () =>
      (await first.ask("GET", "/readyz")).status === 200 ? true : undefined,
    );
    const [file, moved] = ["tocsin.db", "moved.db"].map((name) => join(first.dir, name)) as [string, string];
    renameSync(file, moved);
    await first.until("the page is open", () => (statuses().includes("triggered") ? true : undefined));
    await first.tocsin.stop();
    renameSync(moved, file);
    await using later = await startService(() => ({
      ...pagers(first.simulatorUrl),
      ledger: { url: `sqlite:${file}` },
    }));
    await later.until("it is resolved", () => (statuses().join() === "resolved" ? true : undefined));
    expect(first.simulator.refused()).toEqual([]);
  });
});

test("self-alerts that a reload removes are resolved, and so are those that an earlier configuration left", async () => {
  await using receiver = await openReceiver();
  await using service = await start(receiver);
  receiver.answers["/team"] = 503;
  await send(service, "A");
  await receives(service, receiver, "/ops", "critical_overdue");
  const { selfAlerts: _, ...rest } = service.next as Record<string, unknown>;
  service.next = rest;
  await service.ask("POST", "/-/reload");
  expect(await eventsAt(service, receiver, "/ops", "critical_overdue")).toEqual(triggeredAndResolved);
});

test("a removed target does not keep an open self-alert, and the others still resolve it", async () => {
  await using receiver = await openReceiver();
  await using service = await start(receiver);
  receiver.answers["/team"] = 503;
  await send(service, "A");
  await receives(service, receiver, "/ops", "critical_overdue");
  await receives(service, receiver, "/backup", "critical_overdue");
  const targets = receiver.targets.filter(({ name }) => name !== "backup");
  service.next = { ...(service.next as object), targets };
  await service.ask("POST", "/-/reload");
  receiver.answers["/team"] = 200;
  expect(await eventsAt(service, receiver, "/ops", "critical_overdue")).toEqual(triggeredAndResolved);
  // I6: the key that opened it resolves it.
  expect(await eventsAt(service, receiver, "/backup", "critical_overdue")).toEqual(triggeredAndResolved);
});
