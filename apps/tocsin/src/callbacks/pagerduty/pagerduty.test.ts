import { describe, expect, test } from "vitest";
import { hmac, nowMs, openCallbacks, readAs, secret, signed } from "../callback.fixture.ts";
import {
  eventOf,
  ignoredEvents,
  incident,
  integration,
  notedEvents,
  occurredAt,
  stateEvents,
} from "./pagerduty-events.fixture.ts";

const atMs = Date.parse(occurredAt);
const key = incident.incident_key;

function eventIn(body: unknown) {
  const reading = readAs("pagerduty", body);
  if (!("event" in reading)) throw new Error(JSON.stringify(reading));
  return reading.event;
}

describe("an event of PagerDuty", () => {
  test.each(stateEvents)("%s of a person is %s", (type, kind) => {
    expect(eventIn(eventOf(type))).toEqual({
      id: "5ac64822-4adc-4fda-ade0-410becf0de4f",
      callback: "pagerduty",
      targets: ["pager"],
      kind,
      dedupKeys: [key],
      receiverIncident: "PGR0VU2",
      openedAtMs: Date.parse(incident.created_at),
      by: "Tenex Engineer",
      own: false,
      atMs,
      detail: expect.stringContaining('incident #2 "A little bump in the road"'),
      onResolve: "reopen",
      lookUp: false,
    });
  });

  test.each(notedEvents)("%s is a line of the timeline", (type, data, detail) => {
    const event = eventIn(eventOf(type, data));
    expect(event).toMatchObject({
      kind: "noted",
      receiverIncident: "PGR0VU2",
      by: "Tenex Engineer",
      own: false,
      detail,
    });
    expect(event.dedupKeys).toEqual(data === incident ? [key] : []);
  });

  test.each(ignoredEvents)("%s is ignored", (type, data) => {
    expect(readAs("pagerduty", eventOf(type, data))).toEqual({ ignored: expect.any(String) });
  });

  test.each([
    ["the Events API", integration],
    ["an integration of another kind", { ...integration, type: "generic_events_api_inbound_integration_reference" }],
    ["no agent", null],
  ])("by %s is our own for what our events cause, and no person's in any case", (_, agent) => {
    const read = stateEvents.map(([type]) => eventIn(eventOf(type, incident, { agent })));
    expect(read.map(({ kind, own }) => [kind, own])).toEqual([
      ["opened", true],
      ["acknowledged", true],
      ["unacknowledged", false],
      ["resolved", true],
      ["reopened", false],
    ]);
    expect(read.map(({ by }) => by)).toEqual(read.map(() => undefined));
  });

  test.each([
    ["a service, after a timeout", { type: "service_reference", summary: "API Service" }, "by API Service"],
    ["a workflow", { type: "incident_workflow_reference", summary: "Close all" }, "by Close all"],
  ])("by %s is neither ours nor a person's", (_, agent, detail) => {
    const { by, own, detail: line } = eventIn(eventOf("incident.resolved", incident, { agent }));
    expect([by, own]).toEqual([undefined, false]);
    expect(line).toContain(detail);
  });

  test("ends nothing if a person merged the incident into another", () => {
    const resolve_reason = { type: "merge_resolve_reason", incident: { id: "Q0N5", summary: "[#3] The other" } };
    const event = eventIn(eventOf("incident.resolved", { ...incident, resolve_reason }));
    expect(event).toMatchObject({ kind: "noted", detail: expect.stringMatching(/^merged incident #2 .* into \[#3\]/) });
  });

  test.each([
    ["an empty key", ""],
    ["no key", null],
    ["a key of another type", 7],
  ])("has no dedup key with %s", (_, incident_key) => {
    expect(eventIn(eventOf("incident.resolved", { ...incident, incident_key })).dedupKeys).toEqual([]);
  });

  test("keeps a dedup key with blanks as it is", () => {
    const incident_key = " a  b\n";
    expect(eventIn(eventOf("incident.resolved", { ...incident, incident_key })).dedupKeys).toEqual([incident_key]);
  });

  test("gets an id that fits the ledger", () => {
    expect(eventIn(eventOf("incident.resolved", incident, { id: "i".repeat(201) })).id).toMatch(/^[\da-f]{64}$/);
  });

  test.each([
    ["no event", {}, "event.event_type"],
    ["a type that is no text", eventOf("", incident, { event_type: 7 }), "event.event_type"],
    ["no id", eventOf("incident.resolved", incident, { id: undefined }), "event.id"],
    ["no time", eventOf("incident.resolved", incident, { occurred_at: "yesterday" }), "event.occurred_at"],
    ["no incident", eventOf("incident.resolved", null), "event.data.id"],
  ] as const)("with %s is invalid", (_, body, path) => {
    expect(readAs("pagerduty", body)).toEqual({ invalid: [{ path, message: expect.any(String) }] });
  });

  test("that names no incident in a shape of tomorrow is ignored, because a 400 would disable the subscription", () => {
    expect(readAs("pagerduty", eventOf("incident.annotated", { type: "incident_note_2" }))).toHaveProperty("ignored");
  });
});

describe("the signature of PagerDuty", () => {
  const body = '{"event":{"id":"01ABC","event_type":"incident.acknowledged"}}';
  const vector = "v1=cacd739e63230f18e71e4e83c61426920f5710a62a74a139f02f47d7f6042513";
  const refusedOf = (value: string | undefined, secrets = [secret]) => {
    const headers = value === undefined ? {} : { "x-pagerduty-signature": value };
    const verified = openCallbacks([{ secrets }]).verify("pagerduty", { headers, body: Buffer.from(body), nowMs });
    return "refused" in verified ? verified.refused : undefined;
  };

  test.each([
    ["the test vector", vector],
    ["upper case", `v1=${hmac(body).toUpperCase()}`],
    ["the right item among others, with blanks", ` v2=00 , v1=${"0".repeat(64)}, ${vector} ,v1=zz`],
    ["two items of a rotation", `${signed.pagerduty(body, "old")["x-pagerduty-signature"]},${vector}`],
  ])("matches: %s", (_, value) => {
    expect(refusedOf(value)).toBeUndefined();
  });

  test("matches if it is made with any of the secrets", () => {
    expect(refusedOf(vector, ["new secret", secret])).toBeUndefined();
    expect(
      refusedOf(signed.pagerduty(body, "new secret")["x-pagerduty-signature"], ["new secret", secret]),
    ).toBeUndefined();
  });

  test.each([
    ["a missing header", undefined],
    ["an empty header", ""],
    ["another version", vector.replace("v1", "v2")],
    ["another secret", `v1=${hmac(body, "other")}`],
    ["half a signature", vector.slice(0, 35)],
    ["a longer signature", `${vector}00`],
    ["an item behind the twentieth", `${"v1=00,".repeat(20)}${vector}`],
  ])("does not match: %s", (_, value) => {
    expect(refusedOf(value)).toEqual(expect.any(String));
  });
});
