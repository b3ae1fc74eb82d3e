import type { IncidentQuery, LedgerStats, TargetStatus } from "@tocsin/core";
import { VirtualClock } from "@tocsin/test";
import { expect, test } from "vitest";
import { Health } from "./health.ts";
import type { OtherViews } from "./health.ts";

const nothing: OtherViews = {
  ledgerPlace: "/data/tocsin.db",
  targets: [{ name: "team", errors: [], target: { enabled: true, mode: "live" } }] as unknown as OtherViews["targets"],
  discoveries: [],
  rollouts: [],
  callbacks: [],
  certificates: [],
  reloadWarnings: [],
  isKeyLost: false,
  disk: undefined,
  silent: [],
  loopLagMs: 0,
  heartbeat: undefined,
  canary: undefined,
  traces: undefined,
};

/** A ledger whose dead letters a test decides. */
function world(clock = new VirtualClock(), heldBack: readonly TargetStatus[] = []) {
  const dead = { team: 0, asked: [] as (string | undefined)[] };
  const stats = (): LedgerStats => ({
    incidents: [{ target: "team", state: "dead", count: dead.team }],
    due: [],
    deadLetters: [],
    alerts: { firing: 0, resolved: 0 },
    nowMs: clock.now(),
  });
  const health = new Health({
    clock,
    readiness: { ledgerFailure: undefined, isLoaded: true },
    ledger: {
      stats: async () => stats(),
      targetStatus: async () => heldBack,
      incidents: async ({ severity }: IncidentQuery) => {
        dead.asked.push(severity);
        return { incidents: [] };
      },
    },
    lateAfterMs: () => 60_000,
    confirming: () => [],
    others: async () => nothing,
  });
  return { clock, dead, health };
}

test("dead letters are read again only if their numbers change, or after a minute", async () => {
  const { clock, dead, health } = world();
  expect(await health.problems()).toEqual([]);
  expect(dead.asked).toEqual([]);
  dead.team = 3;
  for (let n = 0; n < 3; n++)
    expect(await health.problems()).toMatchObject([{ condition: "dead_letter", object: "team" }]);
  expect(dead.asked).toEqual(["critical", undefined]);
  dead.team = 4;
  expect(await health.problems()).toMatchObject([{ summary: "4 incidents are dead letters at team" }]);
  expect(dead.asked).toHaveLength(4);
  await clock.advance(60_000);
  await health.problems();
  expect(dead.asked).toHaveLength(6);
});

const heldBack = (sinceMs?: number): TargetStatus => ({
  target: sinceMs === undefined ? "unknown" : "known",
  breaker: { state: "closed", untilMs: null },
  limiter: { limit: 120, used: 0, pausedUntilMs: null },
  blocked: { state: "unauthorized", detail: "HTTP 401", ...(sinceMs !== undefined && { sinceMs }) },
});

test("a problem without a known beginning keeps the time at which it was noticed, and says so", async () => {
  const clock = new VirtualClock();
  const { health } = world(clock, [heldBack(), heldBack(7)]);
  const noticedAtMs = clock.now();
  await health.problems();
  await clock.advance(60_000);
  const problems = await health.problems();
  expect(problems.map(({ object, sinceMs, noticed }) => [object, sinceMs, noticed])).toEqual([
    ["unknown", noticedAtMs, true],
    ["known", 7, undefined],
  ]);
});
