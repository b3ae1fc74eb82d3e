import type { Lease, Outcome } from "@tocsin/core";
import { memoryLedger, Worker } from "@tocsin/engine";
import { FakeReceiver, firing, type Reaction, resolved, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";
import { Scrubber } from "./scrubber.ts";
import { StateLog } from "./state-log.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

interface Line {
  readonly level: string;
  readonly event: string;
  readonly target?: string;
  readonly leftOut?: number;
}

/** The engine with a ledger in memory, and the log of its state changes. */
async function start(react: (lease: Lease, nth: number) => Reaction, targets = [targetTerms("pagerduty")]) {
  const clock = new VirtualClock();
  const lines: Line[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Line);
  const stateLog = new StateLog(createLogger({ level: "info", format: "json" }, new Scrubber(), write), clock);
  const ledger = memoryLedger({ clock, random: () => 0.5, report: stateLog.changed });
  await ledger.useTargets(targets);
  const { publish } = new FakeReceiver(clock, react);
  const observe = { attempted: (lease: Lease, outcome: Outcome) => stateLog.attempted(lease, outcome) };
  const worker = new Worker({ ledger, clock, owner: "worker", concurrency: 64, publish, observe });
  return {
    clock,
    lines,
    ledger,
    stateLog,
    events: () => lines.map(({ event }) => event),
    async say(status: "firing" | "resolved", name: string, how: Parameters<typeof wanted>[1] = {}) {
      const startsAtMs = clock.now();
      const claim = status === "firing" ? firing(name, { startsAtMs }) : resolved(name, { endsAtMs: startsAtMs });
      await ledger.record([wanted(claim, how)]);
      worker.wake();
      await clock.advance(0);
    },
    async [Symbol.asyncDispose]() {
      stateLog.stop();
      const stopped = worker.stop();
      await clock.advance(minute);
      await stopped;
    },
  };
}

const critical = { severity: "critical", at: ["pagerduty"] } as const;
const answers: Record<string, Reaction> = {
  accepted: { kind: "accepted", receipt: "1" },
  "500": { kind: "retry", reason: "server", detail: "HTTP 500" },
  refused: { kind: "retry", reason: "network", detail: "connection refused" },
  reset: { kind: "ambiguous", reason: "network", detail: "connection reset" },
  "429": { kind: "retry", reason: "rate_limited", detail: "HTTP 429" },
  "401": { kind: "blocked", state: "unauthorized", reason: "auth", detail: "HTTP 401" },
  "404": { kind: "blocked", state: "misconfigured", reason: "auth", detail: "HTTP 404" },
  "413": { kind: "refused", reason: "invalid", detail: "HTTP 413" },
};
const answer = (name: string) => answers[name] as Reaction;

const outages: readonly (readonly [string, (nth: number, minutes: number) => Reaction])[] = [
  ["answers 500", () => answer("500")],
  ["refuses connections", () => answer("refused")],
  ["hangs", () => "hang"],
  ["answers 429", () => answer("429")],
  ["fails in many ways", (nth) => [answer("500"), answer("reset"), "hang" as const, answer("429")][nth % 4]!],
  ["answers every other request", (nth) => answer(nth % 2 ? "accepted" : "500")],
  ["is down every other minute", (_, minutes) => answer(minutes % 2 ? "accepted" : "500")],
  ["refuses the credential", () => answer("401")],
  ["refuses the credential every other minute", (_, minutes) => answer(minutes % 2 ? "accepted" : "401")],
];

test.each(outages)("logs at most 20 lines besides dead letters in an hour in which a receiver %s", async (_, react) => {
  const fallback = { target: "second", afterMs: 2 * minute };
  let startedAtMs = 0;
  await using service = await start(
    ({ target }, nth) =>
      target === "second"
        ? answer("accepted")
        : react(nth, Math.floor((service.clock.monotonic() - startedAtMs) / minute)),
    [targetTerms("pagerduty", { fallback }), targetTerms("second")],
  );
  startedAtMs = service.clock.monotonic();
  for (let minutes = 0; minutes < 60; minutes++) {
    for (let n = 0; n < 5; n++) await service.say("firing", `a${minutes}-${n}`, critical);
    await service.clock.advance(minute);
  }
  const lines = service.lines.filter(({ event }) => event !== "dead_letter");
  expect(lines.length).toBeGreaterThan(0);
  expect([lines.length <= 20, lines.map(({ event }) => event)]).toEqual([true, expect.any(Array)]);
  expect(service.lines.some(({ leftOut = 0 }) => leftOut > 0)).toBe(true);
});

test("logs an outage when it begins, when it is first probed and when it ends", async () => {
  let down = true;
  await using service = await start(() => answer(down ? "500" : "accepted"));
  for (let n = 0; n < 5; n++) await service.say("firing", `a${n}`);
  await service.clock.advance(10 * minute);
  expect(service.events()).toEqual(["attempt_failed", "breaker_open", "breaker_half_open"]);
  down = false;
  await service.clock.advance(2 * minute);
  expect(service.lines.slice(3)).toMatchObject([
    {
      level: "info",
      event: "breaker_closed",
      target: "pagerduty",
      probes: expect.any(Number),
      seconds: expect.any(Number),
    },
  ]);
});

test("logs every dead letter as an error", async () => {
  await using service = await start(() => answer("413"));
  for (let n = 0; n < 50; n++) await service.say("firing", `a${n}`);
  const letters = service.lines.filter(({ event }) => event === "dead_letter");
  expect(letters).toHaveLength(50);
  expect(letters[0]).toMatchObject({
    level: "error",
    target: "pagerduty",
    dedupKey: "a0",
    action: "trigger",
    reason: "dead_invalid",
    answer: "HTTP 413",
    incident: expect.any(Number),
  });
});

test.each([
  ["401", "target_unauthorized"],
  ["404", "target_misconfigured"],
])("logs for a target that answers %s: %s, and its recovery", async (status, event) => {
  let blocks = true;
  await using service = await start(() => answer(blocks ? status : "accepted"));
  await service.say("firing", "a");
  await service.clock.advance(10 * minute);
  expect(service.lines).toMatchObject([
    { level: "warn", event: "attempt_failed" },
    { level: "error", event, target: "pagerduty", detail: `HTTP ${status}` },
  ]);
  blocks = false;
  await service.clock.advance(2 * minute);
  expect(service.lines.slice(2)).toMatchObject([{ level: "info", event: "target_recovered", target: "pagerduty" }]);
});

test("logs the recovery of a target whose credential was changed", async () => {
  await using service = await start(({ endpoint }) => answer(endpoint === "new" ? "accepted" : "401"));
  await service.say("firing", "a");
  await service.ledger.useTargets([targetTerms("pagerduty", { endpoint: "new" })]);
  await service.clock.advance(2 * minute);
  expect(service.events()).toEqual(["attempt_failed", "target_unauthorized", "target_recovered"]);
});

test("logs that a fallback was notified, or is missing", async () => {
  const fallback = { target: "second", afterMs: 2 * minute };
  for (const [others, event] of [
    [[targetTerms("second")], "fallback_notified"],
    [[], "fallback_missing"],
  ] as const) {
    await using service = await start(
      ({ target }) => answer(target === "second" ? "accepted" : "429"),
      [targetTerms("pagerduty", { fallback }), ...others],
    );
    for (let n = 0; n < 3; n++) await service.say("firing", `a${n}`, critical);
    await service.clock.advance(5 * minute);
    const told = service.lines.filter((line) => line.event === event);
    expect(told).toMatchObject([{ target: "pagerduty", fallback: "second", incident: expect.any(Number) }]);
  }
});

test("logs once that the ledger is unavailable, and that it is available again", async () => {
  await using service = await start(() => answer("accepted"));
  for (let n = 0; n < 3; n++) service.stateLog.ledger("disk full");
  await service.clock.advance(5 * second);
  service.stateLog.ledger(undefined);
  expect(service.lines).toMatchObject([
    { level: "error", event: "ledger_unavailable", error: "disk full" },
    { level: "info", event: "ledger_available", seconds: 5 },
  ]);
});

test("logs a flapping state less often, and its last line is correct in the end", async () => {
  await using service = await start(() => answer("accepted"));
  const turn = async (failure: string | undefined) => {
    service.stateLog.ledger(failure);
    await service.clock.advance(second);
  };
  for (let n = 0; n < 50; n++) {
    await turn("disk full");
    await turn(undefined);
  }
  expect(service.events()).toEqual([
    "ledger_unavailable",
    "ledger_available",
    "ledger_unavailable",
    "ledger_available",
  ]);
  await turn("disk full");
  expect(service.lines).toHaveLength(4);
  await service.clock.advance(hour);
  expect(service.lines.slice(4)).toMatchObject([{ event: "ledger_unavailable", leftOut: 48 }]);
});
