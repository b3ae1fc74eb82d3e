import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const secret = "secret-of-the-webhook-subscription";
const path = "/api/v1/callbacks/pd";
const callback = { name: "pd", type: "pagerduty", secrets: [secret], targets: ["pagerduty"] };
const signature = (body: string | Uint8Array, key = secret) => ({
  "x-pagerduty-signature": `v1=${createHmac("sha256", key).update(body).digest("hex")}`,
});
const startsAt = new Date(Date.now() - 60_000).toISOString();
const quick = { retry: { initial: "100ms", max: "1s" } };

/** What a person did to an incident, `aheadMs` later by PagerDuty's clock. */
const eventOf = (row: any, kind: string, more: object = {}, aheadMs = 0) =>
  JSON.stringify({
    event: {
      id: `event-${Math.random()}`,
      event_type: `incident.${kind}`,
      occurred_at: new Date(Date.now() + aheadMs).toISOString(),
      agent: { type: "user_reference", summary: "Ada" },
      data: {
        id: row.id,
        type: "incident",
        incident_key: row.dedup_key,
        created_at: new Date(Date.parse(row.opened_at) + aheadMs).toISOString(),
        ...more,
      },
    },
  });

const incidentAt = async (service: Service, target = "pagerduty") =>
  (await service.get("/api/v1/incidents?limit=100")).body.incidents.find((one: any) => one.target === target);

test("after an acknowledgement no reminder follows, and with another secret the subscription recovers after a reload", async () => {
  await using receivers = await PagerDuty.open();
  const { stand } = receivers;
  const config = {
    targets: [receivers.target()],
    callbacks: [{ ...callback, secrets: ["a wrong secret"] }],
    delivery: { ...quick, remind: "2s" },
  };
  await using service = await Service.start({ config });
  stand.subscribe({ url: `${service.url}${path}`, secrets: [secret] });
  await service.webhook([webhookAlert("db", "firing", { startsAt })]);
  const row = await waitUntil("PagerDuty has it", () => receivers.incidents("db")[0]);
  await waitUntil("the webhook is refused", () => stand.webhooks().some(({ state }) => state === "dropped"));
  service.configure({ ...config, callbacks: [{ ...callback, secrets: [secret, "the next secret"] }] });
  expect((await service.ask("POST", "/-/reload")).status).toBe(200);
  expect(stand.acknowledge(row.id)).toBe(true);
  await waitUntil("it is acknowledged", async () => (await incidentAt(service)).wanted.acknowledged);
  await service.quiet();
  const told = () => receivers.incidents("db")[0]?.events.length;
  const before = told();
  const untilMs = Date.now() + 6_000;
  await waitUntil(
    "three reminders would have been sent",
    async () => {
      await service.webhook([webhookAlert("db", "firing", { startsAt })]);
      return Date.now() > untilMs;
    },
    { everyMs: 300 },
  );
  expect(told()).toBe(before);
});

test("hostile and clumsy requests are answered at once, and the next event counts", async () => {
  await using receivers = await PagerDuty.open();
  await using service = await Service.start({
    config: { targets: [receivers.target()], callbacks: [callback], delivery: quick },
  });
  await service.webhook([webhookAlert("db", "firing", { startsAt })]);
  const row = await waitUntil("PagerDuty has it", () => receivers.incidents("db")[0]);
  await service.quiet();
  const send = async (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    (await service.ask("POST", path, body, { ...signature(body), ...headers })).status;
  const note = (bytes: number) => eventOf(row, "priority_updated", { title: "x".repeat(bytes) });
  expect(await send(note(300_000))).toBe(202);
  expect(await send(note(1_100_000))).toBe(413);
  expect(await send(`${'{"event":'.repeat(100_000)}1${"}".repeat(100_000)}`)).toBe(413);
  expect(await send("[]")).toBe(400);
  expect(await send(eventOf(row, "acknowledged", { incident_key: "of another tool", id: "QOTHER" }))).toBe(202);
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const clumsy = [
    await send(`payload=${encodeURIComponent(note(1))}`, form),
    await send(gzipSync(note(10)), { "content-encoding": "gzip" }),
  ];
  console.info(`a form: ${clumsy[0]}, gzip: ${clumsy[1]}`);
  expect(clumsy.every((status) => status < 500)).toBe(true);
  expect((await incidentAt(service)).wanted.acknowledged).toBe(false);
  expect(await send(eventOf(row, "acknowledged"), { "content-type": "text/plain" })).toBe(202);
  expect((await incidentAt(service)).wanted.acknowledged).toBe(true);
});

test.each([10, -10])(
  "the clock of PagerDuty is %i minutes ahead: an acknowledgement and a resolve count",
  async (minutes) => {
    await using receivers = await PagerDuty.open();
    await using service = await Service.start({
      config: { targets: [receivers.target()], callbacks: [callback], delivery: quick },
    });
    await service.webhook([webhookAlert("db", "firing", { startsAt })]);
    const row = await waitUntil("PagerDuty has it", () => receivers.incidents("db")[0]);
    await service.quiet();
    const effects: unknown[] = [];
    for (const kind of ["triggered", "acknowledged", "resolved"]) {
      const body = eventOf(row, kind, {}, minutes * 60_000);
      effects.push((await service.ask("POST", path, body, signature(body))).body.effect);
    }
    expect(effects).toEqual(["applied", "applied", "applied"]);
    expect((await incidentAt(service)).wanted).toMatchObject({ status: "resolved" });
  },
);

test("webhooks that alternate between two replicas count once each", async () => {
  await using receivers = await PagerDuty.open();
  await using fleet = await Fleet.start({
    replicas: 2,
    config: { targets: [receivers.target()], callbacks: [callback], delivery: quick },
  });
  const [one, two] = fleet.replicas as [Service, Service];
  await one.webhook([webhookAlert("db", "firing", { startsAt })]);
  const row = await waitUntil("PagerDuty has it", () => receivers.incidents("db")[0]);
  await fleet.quiet();
  const body = eventOf(row, "acknowledged");
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, n) => (n % 2 ? one : two).ask("POST", path, body, signature(body))),
  );
  expect(answers.map((answer) => String(answer.body.effect)).toSorted()).toEqual([
    "applied",
    ...Array.from({ length: 9 }, () => "duplicate"),
  ]);
  expect((await incidentAt(two)).wanted.acknowledged).toBe(true);
});
