import { expect, test } from "vitest";
import { addSample, drainMs, ratesOf, type Sample } from "./rates.ts";

const sample = (seconds: number, received: number, sent: number, process = "a"): Sample => ({
  atMs: seconds * 1_000,
  rates: { process, received, sent },
});

test("needs two answers of one process", () => {
  expect(ratesOf([])).toBeUndefined();
  expect(ratesOf([sample(0, 100, 10, "a"), sample(5, 500, 20, "b")])).toBeUndefined();
});

test("is the difference per second, added over the replicas", () => {
  expect(ratesOf([sample(0, 100, 10), sample(10, 200, 30)])).toEqual({ received: 10, sent: 2 });
  expect(ratesOf([sample(0, 100, 10), sample(1, 0, 0, "b"), sample(10, 200, 30), sample(11, 50, 10, "b")])).toEqual({
    received: 15,
    sent: 3,
  });
});

test("forgets answers older than a minute", () => {
  const samples = [sample(0, 0, 0), sample(30, 10, 10), sample(70, 20, 20)].reduce<Sample[]>(addSample, []);
  expect(samples.map(({ atMs }) => atMs)).toEqual([30_000, 70_000]);
});

test("the time to drain needs a rate", () => {
  expect(drainMs(0, undefined)).toBe(0);
  expect(drainMs(10, undefined)).toBeUndefined();
  expect(drainMs(10, { received: 5, sent: 0 })).toBeUndefined();
  expect(drainMs(10, { received: 5, sent: 2 })).toBe(5_000);
});
