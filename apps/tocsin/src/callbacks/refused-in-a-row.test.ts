import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { RefusedInARow } from "./refused-in-a-row.ts";

const hour = 3_600_000;

function scene() {
  const clock = new VirtualClock();
  const refused = new RefusedInARow(clock);
  const startMs = clock.now();
  const times = (count: number) => {
    for (let n = 0; n < count; n++) refused.refused("pd", "the signature does not match");
  };
  return { clock, refused, startMs, times };
}

test("a callback fails after three refused requests in a row", () => {
  const { refused, startMs, times } = scene();
  times(2);
  expect(refused.failing).toEqual([]);
  times(1);
  const error = "its last 3 requests were refused: the signature does not match";
  expect(refused.failing).toEqual([{ callback: "pd", sinceMs: startMs, error }]);
});

test("a valid request ends it", () => {
  const { refused, times } = scene();
  times(5);
  refused.accepted("pd");
  times(2);
  expect(refused.failing).toEqual([]);
});

test("it is over after a day without a refused request, and if the callback was removed", async () => {
  const { clock, refused, times } = scene();
  times(3);
  await clock.advance(24 * hour);
  expect(refused.failing).toHaveLength(1);
  refused.keep((name) => name !== "other");
  expect(refused.failing).toHaveLength(1);
  await clock.advance(1);
  expect(refused.failing).toEqual([]);
  times(1);
  refused.keep(() => false);
  expect(refused.failing).toEqual([]);
});
