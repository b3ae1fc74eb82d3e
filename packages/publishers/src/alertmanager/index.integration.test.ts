import type { Notification } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { answer, publisherContract, ScriptedReceiver } from "@tocsin/test";
import { afterAll, describe, expect, test } from "vitest";
import { alertmanagerTargetOf } from "../../test/alertmanager.ts";
import { disk, tellingOf } from "../../test/pagerduty.ts";
import { Transport } from "@tocsin/http";
import { alertmanagerPublisher } from "./index.ts";

const transport = new Transport();
afterAll(() => transport.close());
const nowMs = disk.startsAtMs + 60_000;
const options = { transport, version: "1.2.3", now: () => nowMs };
const { signal } = new AbortController();

publisherContract("Alertmanager with a bearer token", {
  open: ({ url, secret }) =>
    alertmanagerPublisher(alertmanagerTargetOf({ url, headers: { Authorization: `Bearer ${secret}` } }), options),
  secret: "a-bearer-token",
  telling: tellingOf(),
  accepts: answer(200),
  refuses: answer(400, JSON.stringify("start time must be before end time")),
  half: { act: "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n", means: "accepted" },
});

describe("Alertmanager's publisher", () => {
  test.each<[string, string, string]>([
    ["its text", JSON.stringify("at least one label pair required"), "HTTP 400: at least one label pair required"],
    ["a proxy's message", JSON.stringify({ code: 601, message: "labels is required" }), "HTTP 400: labels is required"],
    ["anything else", "null", "HTTP 400: null"],
  ])("reports the message of Alertmanager: %s", async (_, body, detail) => {
    await using receiver = await ScriptedReceiver.open(answer(400, body));
    const publisher = alertmanagerPublisher(alertmanagerTargetOf({ url: receiver.url }), options);
    expect(await publisher.publish(tellingOf(), signal)).toMatchObject({ kind: "refused", detail });
    expect(receiver.requests[0]!.head).toMatch(/^POST \/api\/v2\/alerts HTTP\/1\.1\r\n/);
  });

  test.each(["check", "change"] as const)("sends nothing for a %s, which the engine never requests", async (action) => {
    await using receiver = await ScriptedReceiver.open();
    const publisher = alertmanagerPublisher(alertmanagerTargetOf({ url: receiver.url }), options);
    expect(await publisher.publish(tellingOf({ action }), signal)).toMatchObject({ kind: "refused", reason: "bug" });
    expect(receiver.requests).toEqual([]);
  });

  test("follows no redirect, and reports a wrong URL", async () => {
    await using receiver = await ScriptedReceiver.open(answer(302, "", { location: "/api/v2/alerts" }));
    const publisher = alertmanagerPublisher(alertmanagerTargetOf({ url: receiver.url }), options);
    const outcome = await publisher.publish(tellingOf(), signal);
    expect([outcome, receiver.requests.length]).toMatchObject([{ kind: "blocked", state: "misconfigured" }, 1]);
  });

  test("keeps an alert firing through acknowledgement and reminder, and ends it", async () => {
    let now = nowMs;
    await using simulator = new Simulator({ clock: { now: () => now } });
    const { url } = await simulator.listen();
    const publisher = alertmanagerPublisher(alertmanagerTargetOf({ url }), { ...options, now: () => now });
    const tell = (telling: Partial<Notification>) => publisher.publish(tellingOf(telling), signal);
    const story = () => simulator.incidents().map(({ status, events }) => [status, events.length]);
    expect(await tell({})).toMatchObject({ kind: "accepted", receipt: "HTTP 200" });
    now += 4 * 3_600_000;
    await tell({ action: "acknowledge" });
    now += 23 * 3_600_000;
    await tell({ eventId: "evt_3" });
    expect(story()).toEqual([["triggered", 3]]);
    await tell({ action: "resolve" });
    expect(story()).toEqual([["resolved", 4]]);
    // The resolve of an unknown alert notifies no one.
    await tell({ action: "resolve", alert: { ...disk, labels: { alertname: "Other" } } });
    expect(story()).toEqual([["resolved", 4]]);
    expect(simulator.refused()).toEqual([]);
  });
});
