import { expect, test } from "vitest";
import { reconnectDelayMs } from "./reconnect-delay.ts";

test("doubles up to 30 s, and jitter at most halves it", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map((failures) => reconnectDelayMs(failures, 1))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
  expect(reconnectDelayMs(3, 0)).toBe(2_000);
  expect(reconnectDelayMs(0, 1)).toBe(1_000);
});
