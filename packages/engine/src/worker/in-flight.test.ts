import { urgency } from "@tocsin/core";
import { expect, it } from "vitest";
import { Flights } from "./in-flight.ts";

const { criticalTrigger, warningTrigger } = urgency;

function full(
  target: string,
  concurrency: number,
  of: typeof criticalTrigger | typeof warningTrigger,
  flights = new Flights(),
) {
  let taken = 0;
  for (; flights.room("w", target, concurrency, of) > 0; taken++) flights.add("w", target);
  return { flights, taken };
}

it("a target alone gets the half of all attempts, ten that take all they can leave room for an eleventh", () => {
  expect(full("a", 64, warningTrigger).taken).toBe(32);
  const { flights } = full("a", 64, warningTrigger);
  for (const target of "bcdefghij") full(target, 64, warningTrigger, flights);
  expect(flights.room("w", "k", 64, warningTrigger)).toBeGreaterThan(0);
});

it("a critical finds room at a target whose slow answers hold all that warnings may have", () => {
  const { flights } = full("a", 64, warningTrigger);
  expect(flights.room("w", "a", 64, warningTrigger)).toBe(0);
  expect(flights.room("w", "a", 64, criticalTrigger)).toBe(16);
  full("a", 64, criticalTrigger, flights);
  expect(flights.total("w")).toBeLessThan(64);
});

it("one attempt is always allowed, and what ended is free again", () => {
  const flights = new Flights();
  expect(flights.room("w", "a", 1, warningTrigger)).toBe(1);
  flights.add("w", "a");
  expect(flights.room("w", "a", 1, warningTrigger)).toBe(0);
  expect(flights.room("w", "b", 1, warningTrigger)).toBe(1);
  flights.remove("w", "a");
  expect([flights.of("w", "a"), flights.total("w")]).toEqual([0, 0]);
});
