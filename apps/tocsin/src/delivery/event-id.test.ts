import type { Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { eventIdOf } from "./event-id.ts";

const lease = { target: "hook", dedupKey: "a", incident: 7, event: { token: 3, atMs: 1_000 } } as Lease;

describe("the id of an event", () => {
  test("is the same for each of its attempts, on every replica, and has no full stop", () => {
    const id = eventIdOf(lease);
    expect(id).toMatch(/^evt_[0-9a-f]{32}$/);
    const other: Lease = { ...lease, token: 9, summary: "said better", severity: "critical", firing: 2 };
    expect(eventIdOf(other)).toBe(id);
  });

  test("is a placeholder for an event without an attempt", () => {
    expect(eventIdOf({ ...lease, event: { token: 0, atMs: 1_000 } })).toBe(`evt_${"0".repeat(32)}`);
  });

  test.each<[string, Partial<Lease>]>([
    ["another event of the incident", { event: { token: 4, atMs: 1_000 } }],
    ["an event of a ledger that was begun again", { event: { token: 3, atMs: 2_000 } }],
    ["another incident", { incident: 8 }],
    ["another problem", { dedupKey: "b" }],
    ["another target", { target: "hook2" }],
  ])("differs for %s", (_, other) => {
    expect(eventIdOf({ ...lease, ...other })).not.toBe(eventIdOf(lease));
  });
});
