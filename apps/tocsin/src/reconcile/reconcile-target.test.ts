import type { RestResult } from "@tocsin/publishers";
import { incidentOf, VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { ask, reconcileTarget, type ReconcileOptions } from "./reconcile-target.ts";

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

test("reports persons' resolves with ids that differ, also if the names of targets only differ behind 200 characters", async () => {
  const ids: string[] = [];
  for (const target of ["a", "b"].map((end) => "x".repeat(220) + end)) {
    const told = { event: "trigger" as const, certain: true, severity: "critical" as const, atMs: 0 };
    const incident = incidentOf({ state: "told", told });
    const there = { id: "Q1", status: "resolved" as const, changedAtMs: 1, changedBy: "A person" };
    const options = {
      clock: new VirtualClock(),
      target,
      apply: true,
      onResolve: "reopen",
      wake: () => {},
      signal: new AbortController().signal,
      openThere: { keys: new Set(), incidents: 0, truncated: false, unreadable: [] },
      rest: { findIncident: () => Promise.resolve({ ok: true, value: there }) },
      ledger: {
        incidents: () => Promise.resolve({ incidents: [{ incident }] }),
        newestIncidents: () => Promise.resolve([{ incident }]),
        storeReceiverEvents: (events: readonly { readonly id: string }[]) => {
          ids.push(...events.map(({ id }) => id));
          return Promise.resolve(["applied"]);
        },
      },
    } as unknown as ReconcileOptions;
    expect((await reconcileTarget(options)).differences).toMatchObject([{ repair: "held" }]);
  }
  expect(new Set(ids).size).toBe(2);
  expect(ids.every((id) => id.length <= 200)).toBe(true);
});
