import type { RestResult } from "@tocsin/publishers";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { ask } from "./reconcile-target.ts";

const refusal = (detail: string, reason: "rate_limited" | "server" = "rate_limited"): RestResult<string> => ({
  ok: false,
  failure: {
    reason,
    detail,
    ...(reason === "rate_limited" && { retryAfterMs: 60_000 }),
    ...(detail === "HTTP 429" && { status: 429 }),
  },
});

/** Asks once; the receiver gives these answers, the last one for ever. */
async function outcomeOf(answers: readonly RestResult<string>[]) {
  const clock = new VirtualClock();
  let asked = 0;
  const question = () => Promise.resolve(answers[Math.min(asked++, answers.length - 1)]!);
  const outcome = ask(question, { clock, signal: new AbortController().signal }).catch((error: Error) => error.message);
  await clock.advance(24 * 3_600_000);
  return { outcome: await outcome, asked };
}

test("a receiver that refuses every call for its limit ends the comparison, so that another one can begin", async () => {
  expect(await outcomeOf([refusal("HTTP 429")])).toEqual({ outcome: "HTTP 429", asked: 10 });
});

test("waits for our own limit of calls as often as needed", async () => {
  const own = Array.from({ length: 100 }, () => refusal("waits for the limit of REST calls"));
  expect(await outcomeOf([...own, { ok: true, value: "yes" }])).toEqual({ outcome: "yes", asked: 101 });
});

test("asks again after a failure that passes, three times in all", async () => {
  const failure = refusal("HTTP 500", "server");
  expect(await outcomeOf([failure, failure, { ok: true, value: "yes" }])).toEqual({ outcome: "yes", asked: 3 });
  expect(await outcomeOf([failure])).toEqual({ outcome: "HTTP 500", asked: 3 });
});
