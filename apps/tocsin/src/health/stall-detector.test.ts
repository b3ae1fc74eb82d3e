import type { Clock } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { StallDetector } from "./stall-detector.ts";

/** A process for which time can pass without its timers running. */
function start() {
  const clock = new VirtualClock();
  let stoodMs = 0;
  const own: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + stoodMs,
    after: (delayMs, then) => clock.after(delayMs, then),
  };
  const stallDetector = new StallDetector(own);
  stallDetector.start();
  return { clock, stallDetector, stand: (ms: number) => void (stoodMs += ms) };
}

test("a running process has not stalled, however rarely it is checked", async () => {
  const { clock, stallDetector } = start();
  expect(stallDetector.hasJustStalled()).toBe(false);
  await clock.advance(3_600_000);
  expect(stallDetector.hasJustStalled()).toBe(false);
});

test.for([
  ["a request is read first", 0],
  ["its timer comes first", 1_000],
])("after a stall the detector reports it until all requests from before are read: %s", async ([, firstMs]) => {
  const { clock, stallDetector, stand } = start();
  await clock.advance(2_500);
  stand(6_000);
  await clock.advance(firstMs as number);
  expect(stallDetector.hasJustStalled()).toBe(true);
  await clock.advance(500);
  expect(stallDetector.hasJustStalled()).toBe(true);
  await clock.advance(2_000);
  expect(stallDetector.hasJustStalled()).toBe(false);
});

test("a short stall is ignored, because senders wait longer", async () => {
  const { clock, stallDetector, stand } = start();
  await clock.advance(1_000);
  stand(4_000);
  expect(stallDetector.hasJustStalled()).toBe(false);
});
