import { describe, expect, test } from "vitest";
import { hmac, nowMs, openCallbacks, readAs, secret, signed } from "./callback.fixture.ts";

/** Events in the shape of https://docs.rootly.com/configuration/event-payloads. */
const eventOf = (type: string, data: unknown) => ({
  event: { id: "9839c4ca-5e7b-416d-ad95-d09ae0c8eead", type, issued_at: "2026-11-30T03:30:00.546-08:00" },
  data,
});

const alert = {
  id: "13c82722-ec52-4eda-aaa2-771f7c81c01c",
  source: "api",
  summary: "disk is full",
  labels: [],
  external_id: "dedup-1",
  started_at: "2026-11-30T03:29:00.546-08:00",
  created_at: "2026-11-30T03:29:59.546-08:00",
};

const incident = {
  id: "b7eed587-50e6-44fe-b010-7a2bb05d737a",
  sequential_id: 19,
  title: "Sparkling Frost",
  status: "resolved",
  alerts: [alert, { external_id: null, deduplication_key: "dedup-2" }, { external_id: null }, null],
};

describe("a webhook of Rootly", () => {
  test("says that an alert of ours exists", () => {
    expect(readAs("rootly", eventOf("alert.created", alert))).toEqual({
      event: {
        id: "9839c4ca-5e7b-416d-ad95-d09ae0c8eead",
        callback: "rootly",
        targets: ["rooty"],
        kind: "opened",
        dedupKeys: ["dedup-1"],
        receiverIncident: alert.id,
        openedAtMs: Date.parse(alert.created_at),
        own: true,
        atMs: Date.parse("2026-11-30T11:30:00.546Z"),
        onResolve: "reopen",
        lookUp: false,
      },
    });
  });

  test("names both keys of an alert if they differ", () => {
    const reading = readAs("rootly", eventOf("alert.created", { ...alert, deduplication_key: "dedup-3" }));
    expect(reading).toHaveProperty("event.dedupKeys", ["dedup-1", "dedup-3"]);
  });

  test("takes at most 1,000 keys", () => {
    const alerts = Array.from({ length: 1_500 }, (_, n) => ({
      external_id: `key ${n}`,
      deduplication_key: `key ${n}`,
    }));
    const reading = readAs("rootly", eventOf("incident.resolved", { ...incident, alerts }));
    expect("event" in reading && reading.event.dedupKeys.length).toBe(1_000);
  });

  test("resolves the alerts of a resolved incident, and names the person", () => {
    const data = { ...incident, resolved_by: { full_name: "Maeve" } };
    expect(readAs("rootly", eventOf("incident.resolved", data))).toHaveProperty("event", {
      id: expect.any(String),
      callback: "rootly",
      targets: ["rooty"],
      kind: "resolved",
      dedupKeys: ["dedup-1", "dedup-2"],
      by: "Maeve",
      own: false,
      atMs: expect.any(Number),
      detail: 'incident resolved #19 "Sparkling Frost"',
      onResolve: "reopen",
      lookUp: false,
    });
  });

  test.each(["created", "updated", "in_triage", "mitigated", "cancelled", "deleted"])("notes incident.%s", (type) => {
    const reading = readAs("rootly", eventOf(`incident.${type}`, incident));
    expect(reading).toHaveProperty("event.kind", "noted");
    expect(reading).not.toHaveProperty("event.by");
  });

  test.each([
    [
      "an incident without alerts, as in the public sample",
      eventOf("incident.resolved", { ...incident, alerts: undefined }),
    ],
    ["an alert without a key", eventOf("alert.created", { ...alert, external_id: null })],
    ["a pulse", eventOf("pulse.created", {})],
    ["a type named like a property of objects", eventOf("constructor", alert)],
    ["no type", {}],
  ])("%s is ignored", (_, body) => {
    expect(readAs("rootly", body)).toEqual({ ignored: expect.any(String) });
  });

  test.each([
    [
      "no id",
      { ...eventOf("alert.created", alert), event: { type: "alert.created", issued_at: "2026-11-30T12:00:00Z" } },
    ],
    ["no time", { ...eventOf("alert.created", alert), event: { type: "alert.created", id: "1" } }],
    ["no alert", eventOf("alert.created", null)],
  ])("with %s is invalid", (_, body) => {
    expect(readAs("rootly", body)).toEqual({ invalid: [{ path: expect.any(String), message: expect.any(String) }] });
  });
});

describe("the signature of Rootly", () => {
  const body = '{"event":{}}';
  const isRefused = (value: string | undefined, atMs = nowMs) =>
    "refused" in
    openCallbacks([{ type: "rootly" }]).verify("rootly", {
      headers: value === undefined ? {} : { "x-rootly-signature": value },
      body: Buffer.from(body),
      nowMs: atMs,
    });

  test("covers the time and the body, and matches also after days, because Rootly may repeat a webhook", () => {
    const value = signed.rootly(body)["x-rootly-signature"];
    expect([isRefused(value), isRefused(value.replace(",", ", ")), isRefused(value, nowMs + 172_800_000)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test.each([
    ["no header", undefined],
    ["no time", `v1=${hmac(body)}`],
    ["another time", signed.rootly(body)["x-rootly-signature"].replace(/t=\d/, "t=2")],
    ["another secret", signed.rootly(body, `${secret}!`)["x-rootly-signature"]],
    ["only the body signed", `t=1,v1=${hmac(body)}`],
    ["no signature", "t=1"],
  ])("does not match: %s", (_, value) => {
    expect(isRefused(value)).toBe(true);
  });
});
