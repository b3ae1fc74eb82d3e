import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyJson } from "../changes/sources/any-json.fixture.ts";
import { readerOf } from "./callback.fixture.ts";
import { notedEvents, stateEvents } from "./pagerduty/pagerduty-events.fixture.ts";

/** Names that readers look at, so that random bodies reach their code. */
const names =
  "action action_id action_ts actions agent alerts assignees channel channel_id conference_url container content created_at custom_fields data deduplication_key display_name event event_type external_id full_name id incident incident_key incident_role issued_at key message message_ts name number occurred_at priority resolve_reason resolved_by role service summary target task team title trimmed ts type user username value __proto__ constructor";
const text = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.constantFrom("long ".repeat(200), "\u{1F600}".repeat(600)),
  fc.constantFrom("2026-11-30T12:00:00Z", "1796040000.123456", "tocsin_resolve", "\ud800", "\0", " ", "constructor"),
);
const json = anyJson(names.split(" "), text);

const time = fc.constantFrom("2026-11-30T12:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
const id = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 300 });

/** Bodies with every needed field, and random values everywhere else. */
const complete = {
  pagerduty: fc.record({
    event: fc.record({
      id,
      event_type: fc.constantFrom(...stateEvents.map(([type]) => type), ...notedEvents.map(([type]) => type)),
      occurred_at: time,
      agent: json,
      data: fc.oneof(
        json,
        fc.record({
          id,
          type: fc.constantFrom("incident", "incident_note"),
          incident: fc.record({ id }),
          incident_key: json,
          created_at: json,
          title: json,
          number: json,
          content: json,
          message: json,
          assignees: fc.array(fc.record({ summary: json })),
          custom_fields: json,
          resolve_reason: json,
          user: json,
        }),
      ),
    }),
  }),
  rootly: fc.record({
    event: fc.record({
      id,
      type: fc.constantFrom("alert.created", "incident.created", "incident.resolved"),
      issued_at: time,
    }),
    data: fc.record({
      id,
      external_id: text,
      title: json,
      sequential_id: json,
      alerts: fc.array(fc.oneof(json, fc.record({ external_id: text }))),
      resolved_by: json,
      created_at: json,
    }),
  }),
  slack: fc.record({
    type: fc.constant("block_actions"),
    user: fc.record({ id, name: json, username: json }),
    team: json,
    channel: fc.record({ id: json }),
    container: fc.record({ message_ts: json, channel_id: json }),
    actions: fc.array(
      fc.record({
        action_id: fc.constantFrom("tocsin_acknowledge", "tocsin_resolve"),
        action_ts: fc.constantFrom("1796040000.123456", "1796040000.1", "x"),
        value: fc.oneof(
          json,
          text.map((dedupKey) => JSON.stringify({ target: "chat", key: dedupKey })),
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
};

describe.each(Object.entries(complete))("%s", (type, body) => {
  test("reads any JSON without an exception, and makes valid events only", () => {
    const read = readerOf(type as keyof typeof complete);
    let events = 0;
    fc.assert(
      fc.property(fc.oneof(json, body), (value) => {
        const reading = read(value);
        if ("ignored" in reading) return reading.ignored.trim() !== "";
        if ("invalid" in reading) return reading.invalid.length > 0;
        events++;
        const event = reading.event;
        const { detail = "x", by = "x", receiverIncident = "x" } = event;
        for (const line of [event.id, detail, by, receiverIncident]) {
          expect(line.trim()).not.toBe("");
          expect(line.isWellFormed()).toBe(true);
          expect(line).not.toMatch(/[\r\n\0]/);
        }
        expect([event.id.length <= 200, detail.length <= 500, by.length <= 100]).toEqual([true, true, true]);
        expect([event.atMs, event.openedAtMs ?? 0].every(Number.isSafeInteger)).toBe(true);
        expect(event.dedupKeys.every((one) => typeof one === "string" && one !== "")).toBe(true);
        expect(event.targets).toHaveLength(1);
        return true;
      }),
      { numRuns: 1_500 },
    );
    expect(events).toBeGreaterThan(100);
  });
});
