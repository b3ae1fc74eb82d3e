import type { Clock } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { Standstill } from "./stall-detector.ts";

/** A process whose time can pass without its timers. */
function start() {
  const clock = new VirtualClock();
  let stoodMs = 0;
  const own: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + stoodMs,
    after: (delayMs, then) => clock.after(delayMs, then),
  };
  const standstill = new Standstill(own);
  standstill.start();
  return { clock, standstill, stand: (ms: number) => void (stoodMs += ms) };
}

test("who runs has not stood still, asked or not", async () => {
  const { clock, standstill } = start();
  expect(standstill.justOver()).toBe(false);
  await clock.advance(3_600_000);
  expect(standstill.justOver()).toBe(false);
});

test.for([
  ["a request is read first", 0],
  ["its timer comes first", 1_000],
])("who was stopped knows it until everything is read that came meanwhile: %s", async ([, firstMs]) => {
  const { clock, standstill, stand } = start();
  await clock.advance(2_500);
  stand(6_000);
  await clock.advance(firstMs as number);
  expect(standstill.justOver()).toBe(true);
  await clock.advance(500);
  expect(standstill.justOver()).toBe(true);
  await clock.advance(2_000);
  expect(standstill.justOver()).toBe(false);
});

test("what is short counts as nothing: senders wait so long", async () => {
  const { clock, standstill, stand } = start();
  await clock.advance(1_000);
  stand(4_000);
  expect(standstill.justOver()).toBe(false);
});
