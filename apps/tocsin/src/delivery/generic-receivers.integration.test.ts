import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { compose } from "../compose.ts";
import { readConfig } from "../config/config.ts";
import { routingKey, startService, type TestService } from "../service.fixture.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const pathToken = "t0ken-in-the-path";

const alertOf = (fingerprint: string, status: "firing" | "resolved" = "firing", labels: object = {}) => ({
  status,
  fingerprint,
  labels: { alertname: "DiskFull", severity: "critical", instance: fingerprint, ...labels },
  annotations: { summary: `${fingerprint} is full` },
  startsAt: "2026-11-23T10:00:00Z",
  generatorURL: "https://prometheus.example.com/graph",
});
const post = (service: TestService, ...alerts: unknown[]) =>
  service.ask("POST", "/api/v1/webhook/alertmanager", { alerts });

/** A service with two targets at the simulator: a signed webhook and an Alertmanager. */
async function start(more: object = {}, hook: object = {}): Promise<TestService> {
  const service = await startService((url) => ({
    targets: [
      { name: "tickets", type: "webhook", url: `${url}/webhook/tickets?${pathToken}`, signing_secret: secret, ...hook },
      { name: "central", type: "alertmanager", url: `${url}/api/v2/alerts` },
    ],
    delivery: { retry: { initial: "20ms" } },
    ...more,
  }));
  service.simulator.setWebhookSecrets("tickets", [secret]);
  return service;
}

interface Body {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly eventId: string; readonly alert: { readonly fingerprint: string } };
}

/** Returns the events that the webhook got for an alert, in order. */
const deliveries = ({ simulator }: TestService, fingerprint: string) =>
  simulator
    .deliveries()
    .map((row) => ({ ...row, body: row.body as Body }))
    .filter(({ body }) => body.data.alert.fingerprint === fingerprint);
const types = (service: TestService, fingerprint: string) =>
  deliveries(service, fingerprint).map(({ body, repeat }) => (repeat ? `${body.type}, repeated` : body.type));

/** Returns the alerts that were posted to the Alertmanager for an alert, in order. */
const posts = ({ simulator }: TestService, fingerprint: string) =>
  simulator.incidents().flatMap((incident) => {
    const isIts = incident.receiver === "alertmanager" && JSON.stringify(incident.events).includes(`"${fingerprint}"`);
    return isIts ? [{ ...incident, actions: incident.events.map(({ action }) => action) }] : [];
  });

/** Waits until both targets have this state for the alert. */
const stand = (service: TestService, fingerprint: string, ...states: string[]) =>
  service.until(`${fingerprint} is ${states.join(" and ")}`, async () => {
    const { body } = await service.ask("GET", `/api/v1/explain?fingerprint=${fingerprint}`);
    const now = body.targets?.map(({ state }: { state: string }) => state);
    return JSON.stringify(now) === JSON.stringify(states) ? body.targets : undefined;
  });

describe("a webhook and an Alertmanager", () => {
  test("receive an alert and its resolve, each in its own format, as explain shows", async () => {
    await using service = await start();
    const asked = await service.ask("POST", "/api/v1/explain", alertOf("db-1"));
    await post(service, alertOf("db-1"));
    const told = await stand(service, "db-1", "told", "told");
    const [trigger] = deliveries(service, "db-1");
    expect(trigger).toMatchObject({ signed: true, repeat: false, body: { type: "alert.triggered" } });
    expect(trigger!.id).toBe(trigger!.body.data.eventId);
    const { eventId: _, ...data } = trigger!.body.data;
    const foretold = asked.body.targets.map(({ event }: { event: unknown }) => event);
    expect(foretold).toMatchObject([{ type: "alert.triggered", data }, [{ labels: { instance: "db-1" } }]]);
    expect(told).toMatchObject([{ reason: "delivered", event: { data } }, { reason: "delivered" }]);
    expect(posts(service, "db-1")).toMatchObject([{ status: "triggered", severity: "critical", actions: ["trigger"] }]);

    await post(service, alertOf("db-1", "resolved"));
    const over = await stand(service, "db-1", "closed", "closed");
    expect(types(service, "db-1")).toEqual(["alert.triggered", "alert.resolved"]);
    const resolve = deliveries(service, "db-1")[1]!;
    expect(resolve).toMatchObject({ signed: true, body: { data: { status: "resolved", firing: 0 } } });
    expect(resolve.body.data.eventId).not.toBe(trigger!.body.data.eventId);
    expect(resolve.body.data.alert).toHaveProperty("endsAt");
    expect(posts(service, "db-1")).toMatchObject([{ status: "resolved", actions: ["trigger", "resolve"] }]);
    expect(over.map(({ history }: { history: { what: string }[] }) => history.map(({ what }) => what))).toEqual([
      ["trigger", "resolve"],
      ["trigger", "resolve"],
    ]);
    expect(service.simulator.refused()).toEqual([]);
    expect(service.logs.join("")).not.toContain(secret);
    expect(service.logs.join("")).not.toContain(pathToken);
  });

  test("receive the same alert beside PagerDuty, each target in its own format", async () => {
    await using service = await startService((url) => ({
      targets: [
        { name: "pager", type: "pagerduty", url, routing_key: routingKey },
        { name: "tickets", type: "webhook", url: `${url}/webhook/tickets` },
        { name: "central", type: "alertmanager", url },
      ],
    }));
    await post(service, alertOf("db-1"));
    await stand(service, "db-1", "told", "told", "told");
    const { body } = await service.ask("GET", "/api/v1/explain?fingerprint=db-1");
    const [pager, tickets, central] = body.targets.map(({ event }: { event: object }) => event);
    expect([Object.keys(pager)[0], Object.keys(tickets)[0], Array.isArray(central)]).toEqual([
      "event_action",
      "type",
      true,
    ]);
    expect(
      service.simulator
        .incidents()
        .map(({ receiver }) => receiver)
        .toSorted(),
    ).toEqual(["alertmanager", "pagerduty", "webhook"]);
    expect(service.simulator.refused()).toEqual([]);
  });

  test("receive no resolve of an alert that they did not receive", async () => {
    await using service = await start();
    await post(service, alertOf("unknown", "resolved"));
    const asked = await service.ask("POST", "/api/v1/explain", alertOf("unknown-too", "resolved"));
    expect(asked.body.targets).toMatchObject([
      { reason: "resolved_before_told", wouldTell: false },
      { reason: "resolved_before_told", wouldTell: false },
    ]);
    await post(service, alertOf("known"));
    await stand(service, "known", "told", "told");
    expect(
      service.simulator
        .requests()
        .map(({ receiver }) => receiver)
        .toSorted(),
    ).toEqual(["alertmanager", "webhook"]);
  });

  test("receive changes of alerts, or explain says why not", async () => {
    await using service = await start({}, { changes: true });
    await post(service, alertOf("deploy", "firing", { change_event: "true" }));
    const [tickets, central] = await stand(service, "deploy", "closed", "not_told");
    expect(tickets).toMatchObject({ reason: "delivered" });
    expect(central).toMatchObject({ reason: "no_changes", detail: expect.stringContaining("type alertmanager") });
    await post(service, alertOf("deploy", "resolved", { change_event: "true" }));
    await post(service, alertOf("after"));
    await stand(service, "after", "told", "told");
    expect(types(service, "deploy")).toEqual(["change.recorded"]);
    expect(posts(service, "deploy")).toEqual([]);
  });

  test("can be tested with a marked incident and its resolve, but not with the key alone", async () => {
    await using service = await start();
    for (const name of ["tickets", "central"]) {
      const { status, body } = await service.ask("POST", `/api/v1/targets/${name}/test`);
      expect([status, body.ok, body.attempts.map(({ action }: { action: string }) => action)]).toEqual([
        200,
        true,
        ["trigger", "resolve"],
      ]);
      expect((await service.ask("POST", `/api/v1/targets/${name}/test?only=key`)).status).toBe(409);
    }
    const ended = service.simulator.incidents().map(({ receiver, status }) => [receiver, status]);
    expect(ended).toEqual([
      ["webhook", "resolved"],
      ["alertmanager", "resolved"],
    ]);
  });

  test("receive an acknowledgement if their format has one", async () => {
    await using service = await start();
    await post(service, alertOf("db-1"));
    const targets = await stand(service, "db-1", "told", "told");
    for (const { incident } of targets) await service.ask("POST", `/api/v1/incidents/${incident}/acknowledge`);
    await service.until("it is acknowledged", () => types(service, "db-1").length === 2 || undefined);
    await post(service, alertOf("db-1", "resolved"));
    await stand(service, "db-1", "closed", "closed");
    expect(types(service, "db-1")).toEqual(["alert.triggered", "alert.acknowledged", "alert.resolved"]);
    expect(posts(service, "db-1")).toMatchObject([{ actions: ["trigger", "resolve"] }]);
  });
});

const what = ({ history }: { history: { what: string }[] }) => history.map((entry) => entry.what);

describe("an event whose response was lost", () => {
  test("is repeated under the same id, and the next event has another id", async () => {
    await using service = await start();
    service.simulator.setFaults([{ kind: "reset_after", action: "trigger", receiver: "webhook", times: 2 }]);
    await post(service, alertOf("db-1"));
    await stand(service, "db-1", "told", "told");
    await post(service, alertOf("db-1", "resolved"));
    await stand(service, "db-1", "closed", "closed");
    const ids = deliveries(service, "db-1").map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([4, 2]);
    expect(types(service, "db-1")).toEqual([
      "alert.triggered",
      "alert.triggered, repeated",
      "alert.triggered, repeated",
      "alert.resolved",
    ]);
    const sent = deliveries(service, "db-1").slice(0, 3);
    expect(new Set(sent.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  test("is the same event after a restart", async () => {
    await using service = await start();
    service.simulator.setFaults([
      { kind: "answer", status: 503, applied: true, retry_after: 1, action: "trigger", receiver: "webhook", times: 1 },
    ]);
    await post(service, alertOf("db-1"));
    await service.until("it arrived", () => types(service, "db-1").length === 1 || undefined);
    await service.tocsin.stop();
    const config = readConfig(service.next, { dir: service.dir, env: {} });
    const again = await compose(config, { writeLog: () => {}, env: {}, reread: () => config });
    try {
      await service.until("it is repeated", () => types(service, "db-1").length === 2 || undefined);
    } finally {
      await again.stop();
    }
    expect(types(service, "db-1")).toEqual(["alert.triggered", "alert.triggered, repeated"]);
  });

  test("and whose alert resolved is repeated before the resolve at a webhook, and resolved at once at an Alertmanager", async () => {
    await using service = await start();
    const lost = { kind: "answer", status: 503, applied: false, retry_after: 2, times: 1 } as const;
    service.simulator.setFaults([
      { ...lost, action: "trigger", receiver: "webhook" },
      { ...lost, action: "alerts", receiver: "alertmanager" },
    ]);
    await post(service, alertOf("db-1"));
    await stand(service, "db-1", "due", "due");
    await post(service, alertOf("db-1", "resolved"));
    await stand(service, "db-1", "due", "closed");
    const [tickets, central] = await stand(service, "db-1", "closed", "closed");
    expect(what(tickets)).toEqual(["trigger server", "trigger", "resolve"]);
    expect(what(central)).toEqual(["trigger server", "resolve"]);
    expect(types(service, "db-1")).toEqual(["alert.triggered", "alert.resolved"]);
    expect(posts(service, "db-1")).toEqual([]);
  });
});

test("incidents that were opened before a secret rotation are resolved with the new signatures, even if the target was removed", async () => {
  await using service = await start();
  await post(service, alertOf("db-1"), alertOf("db-2"));
  for (const name of ["db-1", "db-2"]) await stand(service, name, "told", "told");
  const rotated = `whsec_${randomBytes(24).toString("base64")}`;
  const { targets, ...written } = service.next as { targets: object[] };
  service.next = { ...written, targets: [{ ...targets[0], signing_secret: rotated }, targets[1]] };
  expect((await service.ask("POST", "/-/reload")).status).toBe(200);
  service.simulator.setWebhookSecrets("tickets", [rotated]);
  await post(service, alertOf("db-1", "resolved"));
  await stand(service, "db-1", "closed", "closed");
  expect(deliveries(service, "db-1").map(({ signed }) => signed)).toEqual([true, true]);

  service.next = { ...written, targets: [] };
  await service.ask("POST", "/-/reload");
  await service.tocsin.stop();
  const config = readConfig(service.next, { dir: service.dir, env: {} });
  const again = await compose(config, { writeLog: () => {}, env: {}, reread: () => config });
  try {
    const body = JSON.stringify({ alerts: [alertOf("db-2", "resolved")] });
    await fetch(`http://127.0.0.1:${again.address.port}/api/v1/webhook/alertmanager`, { method: "POST", body });
    await service.until("it is over", () => types(service, "db-2").length === 2 || undefined);
  } finally {
    await again.stop();
  }
  expect(service.simulator.refused()).toEqual([]);
});
