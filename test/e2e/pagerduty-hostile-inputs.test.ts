import { expect, test } from "vitest";
import { sendHostileInputs } from "../../packages/pagerduty/test/send-hostile-inputs.ts";

test("PagerDuty answers 400 to none of 100,000 hostile inputs, up to 20 MB, that the client accepts", async () => {
  const { accepted, invalid, refused } = await sendHostileInputs(100_000);
  expect(refused).toEqual([]);
  expect([accepted > 60_000, invalid > 10_000], `${accepted} accepted, ${invalid} invalid`).toEqual([true, true]);
});
