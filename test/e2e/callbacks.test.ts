import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const secret = "secret-of-the-webhook-subscription";

/** Tocsin with PagerDuty and Slack, both played by the simulator, and the simulator's signed webhooks back to Tocsin. */
async function play(callback: Record<string, unknown> = {}, delivery: Record<string, unknown> = {}) {
  const receivers = await PagerDuty.open();
  const service = await Service.start({
    config: {
      targets: [
        receivers.target(),
        { name: "slack", type: "slack", webhook_url: `${receivers.url}/services/T0001/B0001/abcdefghijklmnop` },
      ],
      callbacks: [{ name: "pd", type: "pagerduty", secrets: [secret], targets: ["pagerduty"], ...callback }],
      delivery: { retry: { initial: "100ms", max: "1s" }, ...delivery },
    },
  });
  const { stand } = receivers;
  const subscribed = await fetch(`${receivers.url}/_sim/webhooks`, {
    method: "POST",
    body: JSON.stringify({ url: `${service.url}/api/v1/callbacks/pd`, secrets: ["a former secret", secret] }),
  });
  expect(subscribed.status).toBe(200);
  const incidentAt = async (target: string) =>
    (await service.get("/api/v1/incidents?limit=100")).body.incidents.find((one: any) => one.target === target);
  return {
    receivers,
    service,
    stand,
    incidentAt,
    /** The webhooks of the simulator, as `type status`. */
    webhooks: () => stand.webhooks().map(({ event, status }) => `${event} ${status}`),
    opened: () => receivers.incidents("db").filter(({ receiver }) => receiver === "pagerduty"),
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await receivers[Symbol.asyncDispose]();
    },
  };
}

/** A source repeats an alert with the time at which it started. */
const startsAt = new Date(Date.now() - 60_000).toISOString();
const firing = () => [webhookAlert("db", "firing", { startsAt })];

test("an acknowledgement at PagerDuty is shown here and in Slack, also after a SIGKILL, and is not sent back", async () => {
  await using scene = await play();
  const { service, stand, incidentAt, opened } = scene;
  await service.webhook(firing());
  await waitUntil("both are told", () => opened().length === 1 && stand.messages().length === 1);
  await waitUntil("it is confirmed", () => stand.webhooks().some(({ state }) => state === "delivered"));
  await service.quiet();

  // PagerDuty repeats the webhook until Tocsin is back.
  await service.kill();
  expect(stand.acknowledge(opened()[0]!.id)).toBe(true);
  await service.start();
  await waitUntil("it is acknowledged", async () => (await incidentAt("pagerduty"))?.wanted.acknowledged === true, {
    withinMs: 30_000,
  });
  await waitUntil("Slack shows it", () => stand.messages().length === 2);
  await service.quiet();

  expect(await incidentAt("slack")).toMatchObject({ wanted: { acknowledged: true }, told: { event: "acknowledge" } });
  expect(stand.messages().at(-1)?.text).toMatch(/ACKNOWLEDGED/);
  expect(scene.webhooks()).toEqual(["incident.triggered 202", "incident.acknowledged 202"]);
  // The person's action is the only one at PagerDuty, and the only webhook about it.
  expect(opened()[0]?.events.map(({ action }) => action)).toEqual(["trigger", "acknowledge"]);
});

test("our own resolve comes back as a webhook and changes nothing", async () => {
  await using scene = await play();
  const { service, stand, incidentAt, opened } = scene;
  await service.webhook(firing());
  await waitUntil("PagerDuty has it", () => opened().length === 1);
  await service.webhook([webhookAlert("db", "resolved")]);
  await waitUntil("the webhook is delivered", () => scene.webhooks().includes("incident.resolved 202"));
  await service.quiet();
  // The same problem again is a new incident at once: nothing holds it back as resolved by a person.
  await service.webhook([webhookAlert("db", "firing", { startsAt: new Date().toISOString() })]);
  await waitUntil("PagerDuty has a second one", () => opened().length === 2);
  expect(await incidentAt("pagerduty")).toMatchObject({ told: { event: "trigger" } });
  expect(stand.webhooks().filter(({ state }) => state === "dropped")).toEqual([]);
});

test.each([
  ["reopen", 2],
  ["stay", 1],
] as const)("resolved at PagerDuty while it fires: %s", async (onResolve, count) => {
  await using scene = await play({ onResolve }, { manualResolveFor: "1s" });
  const { service, opened, incidentAt } = scene;
  await service.webhook(firing());
  await waitUntil("PagerDuty has it", () => opened().length === 1);
  await service.quiet();
  await fetch(`${scene.receivers.url}/_sim/incidents/${opened()[0]!.id}/resolve`, { method: "POST" });
  await waitUntil("it is resolved here", async () => (await incidentAt("pagerduty"))?.wanted.status === "resolved");
  expect(opened()).toHaveLength(1);
  // The source repeats that it fires, far longer than the resolve holds.
  const untilMs = Date.now() + 4_000;
  await waitUntil(
    "the policy has decided",
    async () => {
      await service.webhook(firing());
      return Date.now() > untilMs || opened().length > 1;
    },
    { everyMs: 200 },
  );
  await service.quiet();
  expect(opened()).toHaveLength(count);

  // With either policy, a new episode is a new page.
  await service.webhook([webhookAlert("db", "resolved")]);
  await service.quiet();
  await service.webhook([webhookAlert("db", "firing", { startsAt: new Date().toISOString() })]);
  await waitUntil("the next episode is sent", () => opened().length === count + 1);
});

test("forged webhooks change nothing, and the subscription is never disabled", async () => {
  await using scene = await play();
  const { service, opened, incidentAt, stand } = scene;
  await service.webhook(firing());
  await waitUntil("PagerDuty has it", () => opened().length === 1);
  const [incident] = opened();
  const body = JSON.stringify({
    event: {
      id: "forged",
      event_type: "incident.resolved",
      occurred_at: new Date().toISOString(),
      agent: { type: "user_reference", summary: "A person" },
      data: { id: incident!.id, type: "incident", incident_key: "db" },
    },
  });
  const forged = await Promise.all(
    ["", `v1=${"0".repeat(64)}`, "v1=", "v0=00"].map((signature) =>
      service.ask("POST", "/api/v1/callbacks/pd", body, { "x-pagerduty-signature": signature }),
    ),
  );
  expect(new Set(forged.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(forged[0]?.status).toBe(401);
  await service.quiet();
  expect((await incidentAt("pagerduty")).wanted.status).toBe("firing");
  await waitUntil("the true webhook is delivered", () => scene.webhooks().includes("incident.triggered 202"));
  expect(stand.webhooks().filter(({ state }) => state === "dropped")).toEqual([]);
});
