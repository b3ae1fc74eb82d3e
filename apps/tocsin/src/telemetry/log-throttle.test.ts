import { expect, test } from "vitest";
import { LogThrottle } from "./log-throttle.ts";

test("passes one line per minute and key, and counts the lines that it leaves out", () => {
  let nowMs = 0;
  const throttle = new LogThrottle({ monotonic: () => nowMs });
  expect([throttle.pass("a"), throttle.pass("a"), throttle.pass("b")]).toEqual([{}, undefined, {}]);
  nowMs = 59_999;
  expect([throttle.pass("a"), throttle.waitMs("a")]).toEqual([undefined, 1]);
  nowMs = 60_000;
  expect([throttle.pass("a"), throttle.pass("a")]).toEqual([{ leftOut: 2 }, undefined]);
});

test("passes a burst after a quiet time", () => {
  let nowMs = 0;
  const throttle = new LogThrottle({ monotonic: () => nowMs }, { everyMs: 1_000, burst: 2 });
  const passes = (count: number) => Array.from({ length: count }, () => throttle.pass("a")).filter(Boolean).length;
  expect(passes(5)).toBe(2);
  nowMs = 1_000;
  expect(passes(5)).toBe(1);
  nowMs = 60_000;
  expect(passes(5)).toBe(2);
});

test("deletes the oldest of many keys, because senders choose some of them", () => {
  const throttle = new LogThrottle({ monotonic: () => 0 });
  for (let index = 0; index <= 1_000; index++) throttle.pass(`key-${index}`);
  expect([throttle.pass("key-1000"), throttle.pass("key-0")]).toEqual([undefined, {}]);
});
