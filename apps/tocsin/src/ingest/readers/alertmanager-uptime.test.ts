import { expect, test } from "vitest";
import { AlertmanagerUptime } from "./alertmanager-uptime.ts";

const started = (uptime: string) => ({ uptime, startedAtMs: Date.parse(uptime) });
const noon = "2026-01-01T12:00:00Z";
const at = (minutes: number, monotonicMinutes: number) => ({
  nowMs: Date.parse(noon) + minutes * 60_000,
  monotonicMs: monotonicMinutes * 60_000,
});

test("counts from the start time of the instance", () => {
  expect(new AlertmanagerUptime().of(started(noon), at(7, 0))).toBe(7 * 60_000);
});

test("counts from the first time it was seen if the instance's clock is ahead", () => {
  const upTime = new AlertmanagerUptime();
  expect(upTime.of(started(noon), at(-30, 0))).toBe(0);
  expect(upTime.of(started(noon), at(-24, 6))).toBe(6 * 60_000);
});

test("counts from an observed restart, however far the instance's clock is behind", () => {
  const upTime = new AlertmanagerUptime();
  upTime.of(started(noon), at(60, 0));
  const restarted = started("2026-01-01T12:30:00Z");
  expect(upTime.of(restarted, at(61, 1))).toBe(0);
  expect(upTime.of(restarted, at(64, 4))).toBe(3 * 60_000);
});
