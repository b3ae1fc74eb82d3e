import { expect, test } from "vitest";
import { playPeople } from "./play-people.ts";

test("people act at three receivers that report late, again and in another order: the newest action counts everywhere", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const { violations } = await playPeople(seed);
    expect([seed, ...violations]).toEqual([seed]);
  }
});

test("one history of people follows from a seed", async () => {
  const [once, twice] = [await playPeople(5), await playPeople(5)];
  expect(once.lines).toEqual(twice.lines);
  expect(once.actions).toBeGreaterThan(0);
});
