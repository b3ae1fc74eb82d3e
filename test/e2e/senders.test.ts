import { Agent, request } from "undici";
import { expect, test } from "vitest";
import { postedAlert, webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

/** Posts alerts as Prometheus does, from an address of its own. */
async function postFrom(localAddress: string, tocsin: Service, alerts: readonly unknown[]): Promise<void> {
  const dispatcher = new Agent({ localAddress });
  const { statusCode, body } = await request(`${tocsin.url}/api/v2/alerts`, {
    method: "POST",
    dispatcher,
    body: JSON.stringify(alerts),
  });
  await body.dump();
  await dispatcher.close();
  expect(statusCode).toBe(200);
}

// Only Linux answers on all of 127.0.0.0/8.
test.runIf(process.platform === "linux")(
  "a pair of Prometheus servers does not conflict: an alert fires while either sends it",
  async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    const startsAtMs = Date.now() - 5_000;
    const [one, other] = ["127.0.0.1", "127.0.0.2"] as const;
    const fires = (laterMs: number) =>
      postedAlert("db-1", { startsAtMs: startsAtMs + laterMs, endsAtMs: Date.now() + 240_000 });
    const ends = (laterMs: number) => postedAlert("db-1", { startsAtMs: startsAtMs + laterMs, endsAtMs: Date.now() });

    await postFrom(one, tocsin, [fires(0)]);
    await postFrom(other, tocsin, [fires(700)]);
    const [incident] = await waitUntil(
      "it is delivered",
      () => pagerduty.incidents().length === 1 && pagerduty.incidents(),
    );
    const name = incident?.dedup_key ?? "";
    await postFrom(one, tocsin, [ends(0)]);
    await postFrom(other, tocsin, [fires(700)]);
    await tocsin.quiet();
    expect(pagerduty.story(name)).toEqual([["trigger"]]);

    await tocsin.restart();
    await postFrom(other, tocsin, [ends(700)]);
    await waitUntil("it is resolved", () => pagerduty.incidents(name)[0]?.status === "resolved");
    await postFrom(one, tocsin, [ends(0)]);
    await tocsin.quiet();
    expect(pagerduty.story(name)).toEqual([["trigger", "resolve"]]);
  },
);

/** The fields that Grafana adds to an alert. */
const grafanaAlert = (status: "firing" | "resolved") => ({
  ...webhookAlert("0123456789abcdef", status),
  values: { B: 22, C: null },
  valueString: "[ var='B' labels={} value=22 ]",
  silenceURL: "https://grafana.example.com/alerting/silence/new",
  dashboardURL: "",
  panelURL: "https://grafana.example.com/d/abc?viewPanel=1",
  imageURL: "https://grafana.example.com/image.png",
  ruleUID: "abc",
});

test("Grafana's webhook is accepted with all its additional fields", async () => {
  await using pagerduty = await PagerDuty.open();
  await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
  const say = (status: "firing" | "resolved") =>
    tocsin.ask("POST", "/api/v1/webhook/alertmanager?source=grafana", {
      receiver: "tocsin",
      status,
      orgId: 1,
      alerts: [grafanaAlert(status)],
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: "https://grafana.example.com/",
      version: "1",
      groupKey: "{}:{}",
      truncatedAlerts: 0,
      title: "[FIRING:1]",
      state: status === "firing" ? "alerting" : "ok",
      message: "**Firing**",
    });
  expect((await say("firing")).body).toEqual({ accepted: 1, duplicates: 0, rejected: 0, skewed: 0 });
  const incident = await waitUntil("it is delivered", () => pagerduty.incidents("0123456789abcdef")[0]);
  expect(incident.events[0]).toMatchObject({
    links: [{ href: "https://grafana.example.com/d/abc?viewPanel=1" }],
    images: [{ src: "https://grafana.example.com/image.png" }],
  });
  expect((await say("resolved")).status).toBe(200);
  await waitUntil("it is resolved", () => pagerduty.incidents("0123456789abcdef")[0]?.status === "resolved");
  expect(pagerduty.stand.refused()).toEqual([]);
});

test("sends reminders of an alert that its source repeats, not of one that it sent once", async () => {
  await using pagerduty = await PagerDuty.open();
  const config = { targets: [pagerduty.target()], delivery: { remind: "500ms" } };
  await using tocsin = await Service.start({ config });
  const startsAt = new Date().toISOString();
  const say = (name: string) =>
    tocsin.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [webhookAlert(name, "firing", { startsAt })] });
  await say("said-once");
  await waitUntil("it is delivered", () => pagerduty.story("said-once").length === 1);
  // The repeated alert measures the time: seven reminders take at least three and a half seconds.
  await waitUntil(
    "the repeated one has had seven reminders",
    async () => {
      await say("repeated");
      return (pagerduty.story("repeated")[0]?.length ?? 0) >= 8;
    },
    { everyMs: 50 },
  );
  expect(pagerduty.story("said-once")).toEqual([["trigger"]]);
  const { body } = await tocsin.ask("GET", "/api/v1/incidents?fingerprint=said-once");
  expect(body).toMatchObject({ incidents: [{ state: "told", reason: "unconfirmed" }] });
});
