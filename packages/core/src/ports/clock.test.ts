import { expect, test } from "vitest";
import { systemClock } from "./clock.ts";

test("calls back once, unless cancelled; a negative delay counts as 0", async () => {
  const called: string[] = [];
  const callOff = systemClock.after(-1, () => called.push("called off"));
  callOff();
  await new Promise<void>((resolve) => {
    systemClock.after(0, () => called.push("at once"));
    systemClock.after(0.5, resolve);
  });
  expect(called).toEqual(["at once"]);
});

test("a delay above the timer's limit does not fire at once", async () => {
  const called: string[] = [];
  const callOff = systemClock.after(2 ** 40, () => called.push("far too early"));
  await new Promise<void>((resolve) => void systemClock.after(0, resolve));
  callOff();
  expect(called).toEqual([]);
});

test("never runs backwards", () => {
  const [wallMs, monotonicMs] = [systemClock.now(), systemClock.monotonic()];
  expect(wallMs).toBeGreaterThan(Date.UTC(2025, 0, 1));
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(monotonicMs);
});
