import { describe, expect, test } from "vitest";
import type { TriggerEvent } from "./event.ts";
import { fitEvent } from "./fit-event.ts";

const key = "0123456789abcdef0123456789ABCDEF";

function trigger(custom_details: Record<string, unknown>, rest: Partial<TriggerEvent> = {}): TriggerEvent {
  return {
    routing_key: key,
    event_action: "trigger",
    dedup_key: "d",
    payload: { summary: "s", source: "h", severity: "critical", custom_details },
    ...rest,
  };
}

/** An event of exactly so many bytes, padded with two-byte characters as far as they go. */
function eventOf(bytes: number): TriggerEvent {
  const free = bytes - Buffer.byteLength(JSON.stringify(trigger({ pad: "" })));
  return trigger({ pad: "é".repeat(Math.floor(free / 2)) + "x".repeat(free % 2) });
}

interface Sent {
  payload: { custom_details: Record<string, unknown>; source: string };
}
const read = (body: string) => JSON.parse(body) as TriggerEvent & Sent;

describe("an event's body", () => {
  test.each([511_999, 512_000])("of %i bytes is sent whole", (bytes) => {
    const { body, dropped } = fitEvent(eventOf(bytes));
    expect([Buffer.byteLength(body), dropped]).toEqual([bytes, []]);
  });

  test("of 512,001 bytes is cut, and says what", () => {
    const { body, dropped } = fitEvent(eventOf(512_001));
    expect(dropped).toEqual(["custom_details.pad"]);
    expect(read(body).payload.custom_details).toEqual({ dropped_to_fit: ["custom_details.pad"] });
  });

  test("loses the largest annotation before a smaller one, and no label", () => {
    const labels = { alertname: "Disk", team: "x" };
    const annotations = { small: "a", large: "b".repeat(400_000), larger: "c".repeat(450_000) };
    const { body, dropped } = fitEvent(trigger({ fingerprint: "f", labels, annotations }));
    expect(dropped).toEqual(["custom_details.annotations.larger"]);
    expect(read(body).payload.custom_details).toEqual({
      fingerprint: "f",
      labels,
      annotations: { small: "a", large: annotations.large },
      dropped_to_fit: dropped,
    });
  });
});
