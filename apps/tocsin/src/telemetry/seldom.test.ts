import { expect, test } from "vitest";

import { Seldom } from "./seldom.ts";

test("the same thing is said once a minute, different things each by itself", () => {
  let nowMs = 0;
  const seldom = new Seldom({ monotonic: () => nowMs });
  expect([seldom.may("a"), seldom.may("a"), seldom.may("b")]).toEqual([true, false, true]);
  nowMs = 59_999;
  expect(seldom.may("a")).toBe(false);
  nowMs = 60_000;
  expect([seldom.may("a"), seldom.may("a")]).toEqual([true, false]);
});

test("names that senders choose are not remembered for ever", () => {
  const seldom = new Seldom({ monotonic: () => 0 });
  for (let index = 0; index <= 1_000; index++) seldom.may(`key-${index}`);
  expect([seldom.may("key-1000"), seldom.may("key-0")]).toEqual([false, true]);
});
