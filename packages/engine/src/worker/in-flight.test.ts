import { urgency } from "@tocsin/core";
import { expect, test } from "vitest";
import { InFlight } from "./in-flight.ts";

const { criticalTrigger, warningTrigger } = urgency;

function full(
  target: string,
  concurrency: number,
  of: typeof criticalTrigger | typeof warningTrigger,
  inFlight = new InFlight(),
) {
  let taken = 0;
  for (; inFlight.room("w", target, concurrency, of) > 0; taken++) inFlight.add("w", target);
  return { inFlight, taken };
}

test("a single target gets half of all places; ten targets that take as much as they can leave room for an eleventh", () => {
  expect(full("a", 64, warningTrigger).taken).toBe(32);
  const { inFlight } = full("a", 64, warningTrigger);
  for (const target of "bcdefghij") full(target, 64, warningTrigger, inFlight);
  expect(inFlight.room("w", "k", 64, warningTrigger)).toBeGreaterThan(0);
});

test("a critical trigger finds room at a target whose slow warnings have taken all that they may", () => {
  const { inFlight } = full("a", 64, warningTrigger);
  expect(inFlight.room("w", "a", 64, warningTrigger)).toBe(0);
  expect(inFlight.room("w", "a", 64, criticalTrigger)).toBe(16);
  full("a", 64, criticalTrigger, inFlight);
  expect(inFlight.total("w")).toBeLessThan(64);
});

test("one attempt is always allowed, and an ended attempt frees its place", () => {
  const inFlight = new InFlight();
  expect(inFlight.room("w", "a", 1, warningTrigger)).toBe(1);
  inFlight.add("w", "a");
  expect(inFlight.room("w", "a", 1, warningTrigger)).toBe(0);
  expect(inFlight.room("w", "b", 1, warningTrigger)).toBe(1);
  inFlight.remove("w", "a");
  expect([inFlight.countAt("w", "a"), inFlight.total("w")]).toEqual([0, 0]);
});
