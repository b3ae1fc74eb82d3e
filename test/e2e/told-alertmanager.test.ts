import { type Alert, parseTarget, type Notification } from "@tocsin/core";
import { Transport } from "@tocsin/http";
import { createPublisher, targetTypes } from "@tocsin/publishers";
import { Simulator } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { hasPrometheus, startAlertmanager } from "../support/debian.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

interface GettableAlert {
  readonly labels: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

/** The alerts that fire in an Alertmanager. */
async function alertsAt({ address }: { readonly address: string }): Promise<GettableAlert[]> {
  return (await (await fetch(`http://${address}/api/v2/alerts`)).json()) as GettableAlert[];
}

const say = (tocsin: Service, ...alerts: unknown[]) => tocsin.ask("POST", "/api/v1/webhook/alertmanager", { alerts });

const hostile: Record<string, Record<string, string>> = {
  "names of other systems": { "a.b": "1", a_b: "2", "größe in m²": "3", "💥": "4", "9lives": "5" },
  "names of objects": Object.fromEntries([
    ["__proto__", "1"],
    ["constructor", "2"],
    ["__name__", "3"],
  ]),
  "values of no character": { empty: "", blank: " ", control: "\u0000\u001b[31m\u2028\n" },
  "halves of characters": { "half \ud800": "x\udc00" },
  "a value without end": { long: "é".repeat(100_000) },
};
const hostileAlerts = (status: "firing" | "resolved") =>
  Object.entries(hostile).map(([name, texts], index) => ({
    ...webhookAlert(`hostile-${index}`, status),
    labels: { alertname: name, ...texts },
    annotations: texts,
    startsAt: index % 2 === 0 ? "0001-01-01T00:00:00Z" : new Date(Date.now() + 50_000).toISOString(),
    generatorURL: ["https://a/%zz", "javascript:alert(1)", "https://b/ graph?q=größe", "no url", ""][index],
  }));

const hours = 3_600_000;
const halfAMinuteAhead = () => Date.now() + 30_000;

describe.skipIf(!hasPrometheus()).concurrent("a real Alertmanager", () => {
  test("keeps an alert from Tocsin firing, notifies, and resolves it at its end", async () => {
    await using simulator = new Simulator();
    const { url } = await simulator.listen();
    await using alertmanager = await startAlertmanager({ webhook: `${url}/webhook/notified` });
    const targets = [{ name: "central", type: "alertmanager", url: `http://${alertmanager.address}` }];
    await using tocsin = await Service.start({ config: { targets } });
    const startsAt = new Date(Date.now() - 300_000).toISOString();
    const alert = webhookAlert("db-1", "firing", { startsAt });

    expect((await say(tocsin, alert)).status).toBe(200);
    const [held] = await waitUntil("it fires there", async () => {
      const alerts = await alertsAt(alertmanager);
      return alerts.length === 1 && alerts;
    });
    expect(held).toMatchObject({ labels: alert.labels, startsAt, status: { state: "active" } });
    expect(Date.parse(held!.endsAt)).toBeGreaterThan(Date.now() + 23 * hours);
    const notified = () => simulator.deliveries().map(({ body }) => (body as { status: string }).status);
    await waitUntil("it notified", () => notified().includes("firing"));

    await say(tocsin, webhookAlert("db-1", "resolved", { startsAt }));
    await waitUntil("it is gone there", async () => (await alertsAt(alertmanager)).length === 0);
    await waitUntil("it notified of the end", () => notified().includes("resolved"));
    await tocsin.quiet();
    expect((await tocsin.ask("GET", "/api/v1/deadletters")).body.deadletters).toEqual([]);
  });

  test("accepts any content of an alert, and its resolve", async () => {
    await using alertmanager = await startAlertmanager({ webhook: "http://127.0.0.1:9/" });
    const targets = [{ name: "central", type: "alertmanager", url: `http://${alertmanager.address}/api/v2/alerts` }];
    await using tocsin = await Service.start({ config: { targets } });
    await say(tocsin, ...hostileAlerts("firing"));
    await waitUntil(
      "all fire there",
      async () => (await alertsAt(alertmanager)).length === hostileAlerts("firing").length,
    );
    await say(tocsin, ...hostileAlerts("resolved"));
    await waitUntil("none fires there", async () => (await alertsAt(alertmanager)).length === 0);
    await tocsin.quiet();
    expect((await tocsin.ask("GET", "/api/v1/deadletters")).body.deadletters).toEqual([]);
  });

  test("accepts a resolve although its clock is behind ours", async () => {
    await using alertmanager = await startAlertmanager({ webhook: "http://127.0.0.1:9/" });
    const written = { name: "central", type: "alertmanager", url: `http://${alertmanager.address}` };
    const parsed = parseTarget(written, { types: targetTypes, readSecret: String });
    if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
    await using transport = new Transport();
    const publisher = createPublisher(parsed.target, { transport, version: "0", now: halfAMinuteAhead });
    const alert: Alert = {
      fingerprint: "db-1",
      labels: { alertname: "DiskFull", instance: "db-1" },
      annotations: {},
      startsAtMs: Date.now() - hours,
    };
    const telling = { dedupKey: "db-1", severity: "critical", alert, summary: "", eventAtMs: Date.now() } as const;
    const tell = (more: Pick<Notification, "action" | "eventId" | "firing">) =>
      publisher.publish({ ...telling, ...more }, new AbortController().signal);
    expect(await tell({ action: "trigger", eventId: "evt_1", firing: 1 })).toMatchObject({ kind: "accepted" });
    expect(await alertsAt(alertmanager)).toHaveLength(1);
    expect(await tell({ action: "resolve", eventId: "evt_2", firing: 0 })).toMatchObject({ kind: "accepted" });
    expect(await alertsAt(alertmanager)).toHaveLength(0);
  });
});
