import { describe, expect, test } from "vitest";
import { SettingError, Simulator } from "../src/index.ts";
import { change, get, post, resolve, routingKey, TestClock, trigger } from "./requests.ts";

const firing = (dedup_key: string) => ({ at: "2026-01-01T00:00:00Z", status: "firing" as const, dedup_key });

function open(faults: string) {
  const posted: string[] = [];
  const simulator = new Simulator({
    clock: new TestClock(),
    postWebhook: async ({ body }) => {
      posted.push((JSON.parse(body) as { event: { event_type: string } }).event.event_type);
      return 202;
    },
  });
  simulator.subscribe({ url: "http://subscriber.invalid", secrets: [] });
  simulator.setFaults(faults);
  return { simulator, posted };
}

describe("an event that PagerDuty accepts without its effect", () => {
  test("suppressed: 202, an alert without an incident, and no webhook", async () => {
    const { simulator, posted } = open("suppress");
    expect(simulator.handle(trigger("a"))).toMatchObject({ status: 202 });
    await simulator.deliverWebhooks();
    expect([simulator.incidents(), posted]).toEqual([[], []]);
    const key = simulator.requests()[0]!.key;
    const row = { at: "2026-01-01T00:00:00.000Z", receiver: "pagerduty", region: "us", key, dedup_key: "a" };
    expect(JSON.parse(simulator.handle(get("/_sim/suppressed")).body)).toEqual([
      { ...row, summary: "disk full", severity: "critical" },
    ]);
    expect(simulator.requests()).toMatchObject([{ status: 202, effect: "suppressed", fault: "suppress" }]);
    expect(simulator.handle(resolve("a")).status).toBe(202);
    expect(simulator.requests().at(-1)).toMatchObject({ effect: "dropped" });
  });

  test("suppressed: an open incident still takes its events", () => {
    const { simulator } = open("");
    simulator.handle(trigger("a"));
    simulator.setFaults("suppress");
    simulator.handle(trigger("a"));
    simulator.handle(resolve("a"));
    expect(simulator.incidents()).toMatchObject([{ status: "resolved", events: { length: 3 } }]);
  });

  test("disabled: 202, and nothing happens, whatever the event", async () => {
    const { simulator, posted } = open("");
    simulator.handle(trigger("a"));
    simulator.setFaults("disabled");
    for (const request of [trigger("a"), trigger("b"), resolve("a"), change("deploy 7")])
      expect(simulator.handle(request).status).toBe(202);
    await simulator.deliverWebhooks();
    expect(simulator.incidents()).toMatchObject([{ dedup_key: "a", status: "triggered", events: { length: 1 } }]);
    expect([simulator.changes(), simulator.suppressed(), posted]).toEqual([[], [], ["incident.triggered"]]);
  });

  test.each(["suppress", "disabled"])("%s: an invalid event is refused, and other receivers are not hit", (kind) => {
    const { simulator } = open(kind);
    expect(simulator.handle(trigger("", { key: "short" })).status).toBe(400);
    expect(simulator.handle(post("/webhook/x", {})).status).toBe(200);
    expect(simulator.deliveries()).toHaveLength(1);
    for (const wrong of [{ receiver: "slack" }, { applied: false }])
      expect(() => simulator.setFaults([{ kind: kind as "suppress", ...wrong }])).toThrow(SettingError);
  });

  test.each(["suppress", "disabled"])("%s: the oracle does not call it lost, but a missing event is", (kind) => {
    const { simulator } = open(kind);
    simulator.setTruth({ within: "10s", events: [firing("a"), firing("b")] });
    simulator.handle(trigger("a"));
    expect(simulator.report().findings).toMatchObject([{ kind: "lost", dedup_key: "b" }]);
  });
});

describe("incidents without events", () => {
  test("are opened manually, once", () => {
    const { simulator } = open("");
    const opened = simulator.handle(post("/_sim/incidents", { key: routingKey, dedup_key: "a", severity: "warning" }));
    expect(JSON.parse(opened.body)).toEqual({ id: "Q0000000000001" });
    expect(simulator.handle(post("/_sim/incidents", { key: routingKey, dedup_key: "a" })).status).toBe(409);
    expect(simulator.handle(post("/_sim/incidents", { key: routingKey })).status).toBe(400);
    simulator.handle(resolve("a"));
    expect(simulator.incidents()).toMatchObject([{ summary: "a", severity: "warning", status: "resolved" }]);
  });

  test("are lost without a webhook; the next trigger opens another", async () => {
    const { simulator, posted } = open("");
    simulator.handle(trigger("a"));
    await simulator.deliverWebhooks();
    const lose = () => simulator.handle({ ...get("/_sim/incidents/Q0000000000001"), method: "DELETE" }).status;
    expect([lose(), lose()]).toEqual([200, 404]);
    await simulator.deliverWebhooks();
    expect([simulator.incidents(), posted]).toEqual([[], ["incident.triggered"]]);
    simulator.handle(trigger("a"));
    expect(simulator.incidents()).toMatchObject([{ id: "Q0000000000002" }]);
  });
});
