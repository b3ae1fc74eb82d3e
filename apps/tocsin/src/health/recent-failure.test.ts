import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { RecentFailure } from "./recent-failure.ts";

test("a failure lasts while it is repeated, and is over a minute after the last report", async () => {
  const clock = new VirtualClock();
  const failure = new RecentFailure(clock);
  expect(failure.current).toBeUndefined();
  const sinceMs = clock.now();
  failure.report("HTTP 500");
  await clock.advance(59_000);
  failure.report("HTTP 503");
  await clock.advance(59_999);
  expect(failure.current).toEqual({ error: "HTTP 503", sinceMs });
  await clock.advance(1);
  expect(failure.current).toBeUndefined();
  failure.report("HTTP 500");
  expect(failure.current?.sinceMs).toBe(clock.now());
});
