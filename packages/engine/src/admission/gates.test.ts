import { type RateLimit, urgencies } from "@tocsin/core";
import { epochMs as t0, pagerdutyLimit } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { Gates } from "./gates.ts";
import { MemoryStore } from "../stores/memory/store.ts";

const credential = "key";
const everyUrgency = new Set(urgencies);

const gatesWith = (terms: Partial<RateLimit>, store = new MemoryStore()): Gates => {
  const gates = new Gates(store);
  gates.setLimits([{ credential, rateLimit: { ...pagerdutyLimit, limit: 1, ...terms } }]);
  return gates;
};
const charge = (gates: Gates) => gates.charge({ token: 1, credential, urgency: 0 }, t0 + 40_000, t0);
const roomAt = (gates: Gates, atMs: number) => gates.room(credential, 0, everyUrgency, atMs);

describe("a slot", () => {
  test("is freed one window after its attempt ended", () => {
    const gates = gatesWith({});
    charge(gates);
    gates.discharge(credential, 1, t0 + 3_000);
    expect([roomAt(gates, t0 + 62_999), roomAt(gates, t0 + 63_000)]).toEqual([0, 1]);
    expect(gates.used(credential, t0 + 63_000)).toBe(0);
  });

  test("without a known end is freed one window after the latest possible arrival, even across a restart", () => {
    const store = new MemoryStore();
    charge(gatesWith({}, store));
    const gates = gatesWith({}, store);
    expect(gates.nextRoomAtMs(credential, t0)).toBe(t0 + 100_000);
    expect([roomAt(gates, t0 + 99_999), roomAt(gates, t0 + 100_000)]).toEqual([0, 1]);
  });

  test("is not charged if the credential has no limit", () => {
    const gates = gatesWith({ limit: 0 });
    charge(gates);
    expect(gates.used(credential, t0)).toBe(0);
    expect(roomAt(gates, t0)).toBe(Number.POSITIVE_INFINITY);
  });
});

test("targets that share a credential and differ in their limits get the smallest limit", () => {
  const gates = new Gates(new MemoryStore());
  const limits = [0, 120, 60, 240].map((limit) => ({ credential, rateLimit: { ...pagerdutyLimit, limit } }));
  gates.setLimits(limits);
  expect(gates.fullLimit(credential)).toBe(60);
  gates.setLimits([{ credential, rateLimit: { ...pagerdutyLimit, limit: 10, perMs: 1_000 } }, ...limits]);
  expect(gates.fullLimit(credential)).toBe(60);
});
