import type { TargetStatus } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { conditionNames, type ConditionName } from "./conditions.ts";
import type { HealthViews } from "./health-views.ts";
import { problemsIn } from "./problems.ts";

const nowMs = Date.UTC(2026, 5, 1);
const day = 24 * 3_600_000;
const mebibyte = 1024 ** 2;

const healthy: HealthViews = {
  nowMs,
  ledgerPlace: "/data/tocsin.db",
  ledgerFailure: undefined,
  isLoaded: true,
  ledger: { heldBack: [], late: [], dead: [], unconfirmed: [] },
  targets: [{ name: "a", errors: [], target: { enabled: true, mode: "live" } }] as unknown as HealthViews["targets"],
  discoveries: [{ source: "files", where: "targets", state: "synced", error: null, staleSinceMs: null, syncedAtMs: 1 }],
  rollouts: [],
  callbacks: [],
  certificates: [{ name: "server.tls.cert", validFromMs: nowMs - day, validToMs: nowMs + 30 * day }],
  reloadWarnings: [],
  isKeyLost: false,
  disk: { freeBytes: 500 * mebibyte, sizeBytes: 1_000 * mebibyte },
  silent: [],
  loopLagMs: 3,
  heartbeat: undefined,
  canary: undefined,
  traces: undefined,
};

const status = (more: Partial<TargetStatus>): TargetStatus => ({
  target: "a",
  breaker: { state: "closed", untilMs: null },
  limiter: { limit: 120, used: 0, pausedUntilMs: null },
  blocked: null,
  ...more,
});

const heldBack = (more: Partial<TargetStatus>): Partial<HealthViews> => ({
  ledger: { heldBack: [status(more)], late: [], dead: [], unconfirmed: [] },
});

const dead = { target: "a", criticals: 0, others: 0, sinceMs: 1 };

const cases: Readonly<Record<ConditionName, readonly [object: string, Partial<HealthViews>]>> = {
  ledger_not_committing: ["/data/tocsin.db", { ledgerFailure: { why: "disk full", sinceMs: 1 }, ledger: undefined }],
  critical_overdue: ["a", { ledger: { heldBack: [], late: [{ target: "a", sinceMs: 1 }], dead: [], unconfirmed: [] } }],
  target_unauthorized: ["a", heldBack({ blocked: { state: "unauthorized", detail: "401" } })],
  target_misconfigured: ["a", heldBack({ blocked: { state: "misconfigured", detail: "404" } })],
  critical_dead: ["a", { ledger: { heldBack: [], late: [], dead: [{ ...dead, criticals: 1 }], unconfirmed: [] } }],
  critical_unconfirmed: [
    "a",
    { ledger: { heldBack: [], late: [], dead: [], unconfirmed: [{ target: "a", count: 2, sinceMs: 1 }] } },
  ],
  canary_failed: ["a", { canary: { target: "a", failure: "not delivered (unauthorized)", detail: "", sinceMs: 1 } }],
  source_silent: ["am", { silent: [{ source: "am", sinceMs: 1 }] }],
  no_target: ["targets", { targets: [] }],
  disk_nearly_full: ["/data/tocsin.db", { disk: { freeBytes: 99 * mebibyte, sizeBytes: 1_000 * mebibyte } }],
  ledger_slow: ["/data/tocsin.db", { ledger: undefined }],
  not_loaded: ["targets", { isLoaded: false }],
  target_failing: ["a", heldBack({ breaker: { state: "open", untilMs: 9, lastFailure: "503" } })],
  target_invalid: [
    "b",
    {
      targets: [
        ...healthy.targets,
        { name: "b", errors: [{ path: "targets[1].url", message: "is missing" }] },
      ] as unknown as HealthViews["targets"],
    },
  ],
  reload_failed: ["configuration", { reloadWarnings: ["it failed"] }],
  discovery_stale: [
    "files targets",
    { discoveries: [{ ...healthy.discoveries[0]!, state: "stale", error: "no such directory", staleSinceMs: 5 }] },
  ],
  rollouts_stale: [
    "shop/Deployment",
    { rollouts: [{ namespace: "shop", kind: "Deployment", error: "forbidden", sinceMs: 5 }] },
  ],
  certificate_expiring: [
    "server.tls.cert",
    { certificates: [{ name: "server.tls.cert", validFromMs: 0, validToMs: nowMs + 6 * day }] },
  ],
  key_lost: ["/data/tocsin.db", { isKeyLost: true }],
  event_loop_slow: ["process", { loopLagMs: 1_000 }],
  heartbeat_failing: ["telemetry.heartbeat", { heartbeat: { error: "HTTP 500", sinceMs: 1 } }],
  callback_failing: ["pd", { callbacks: [{ callback: "pd", error: "its last 3 requests were refused", sinceMs: 1 }] }],
  target_paused: ["a", heldBack({ limiter: { limit: 120, used: 0, pausedUntilMs: nowMs + 1 } })],
  dead_letter: ["a", { ledger: { heldBack: [], late: [], dead: [{ ...dead, others: 2 }], unconfirmed: [] } }],
  traces_failing: ["telemetry.traces", { traces: { error: "HTTP 500", sinceMs: 1 } }],
};

test("a healthy service has no problem", () => {
  expect(problemsIn(healthy)).toEqual([]);
});

test.each(conditionNames)("%s is found alone, with its object, a sentence and a fix", (condition) => {
  const [object, views] = cases[condition];
  const problems = problemsIn({ ...healthy, ...views });
  expect(problems.map((one) => [one.condition, one.object])).toEqual([[condition, object]]);
  expect(problems[0]?.summary).toMatch(/^[^\n]+[^.\n]$/);
  expect(problems[0]?.fix).toMatch(/^[^\n]+[^.\n]$/);
});

test.each<[ConditionName, Partial<TargetStatus>]>([
  ["target_unauthorized", { blocked: { state: "unauthorized", detail: "401", sinceMs: 7 } }],
  ["target_misconfigured", { blocked: { state: "misconfigured", detail: "404", sinceMs: 7 } }],
  ["target_failing", { breaker: { state: "open", untilMs: nowMs, sinceMs: 7 } }],
])("%s began when the ledger recorded it, not when it is first found", (condition, more) => {
  expect(problemsIn({ ...healthy, ...heldBack(more) })).toMatchObject([{ condition, sinceMs: 7 }]);
});

const certificateSummary = (validFromMs: number, validToMs: number) =>
  problemsIn({ ...healthy, certificates: [{ name: "server.tls.cert", validFromMs, validToMs }] })[0]?.summary;

describe("limits", () => {
  test.each([
    ["a large disk with 2 GiB free is not nearly full", { freeBytes: 2 ** 31, sizeBytes: 2 ** 45 }, []],
    ["a large disk with less than 1 GiB free is", { freeBytes: 2 ** 30 - 1, sizeBytes: 2 ** 45 }, ["disk_nearly_full"]],
    ["a small disk with a tenth free is not", { freeBytes: 100, sizeBytes: 1_000 }, []],
  ])("%s", (_, disk, expected) => {
    expect(problemsIn({ ...healthy, disk }).map(({ condition }) => condition)).toEqual(expected);
  });

  test("a certificate of the future and one of the past are both reported", () => {
    expect(certificateSummary(nowMs + day, nowMs + 30 * day)).toContain("is not valid before");
    expect(certificateSummary(0, nowMs - day)).toContain("expired at");
    expect(certificateSummary(0, nowMs + 8 * day)).toBeUndefined();
  });
});

test("a ledger that does not answer hides nothing that is known without it", () => {
  const views = { ...healthy, ledger: undefined, ledgerFailure: { why: "gone", sinceMs: 1 }, targets: [] };
  expect(problemsIn(views).map(({ condition }) => condition)).toEqual(["ledger_not_committing", "no_target"]);
});

test("the most urgent problem comes first, and the order does not depend on the time of the finding", () => {
  const all = Object.values(cases).reduce<HealthViews>((views, [, more]) => ({ ...views, ...more }), healthy);
  const rank = { critical: 0, error: 1, warning: 2, info: 3 };
  const ranks = problemsIn({ ...all, isLoaded: true }).map(({ severity }) => rank[severity]);
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  expect(new Set(ranks).size).toBe(3);
});
