import { type Clock, type Ledger, type Lease, LedgerUnavailable, type Outcome, type TargetTerms } from "@tocsin/core";
import {
  FakeReceiver,
  firing,
  pagerdutyLimit,
  resolved,
  settled,
  targetTerms,
  VirtualClock,
  wanted,
} from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../delivery-settings.ts";
import { memoryLedger } from "../stores/memory/ledger.ts";
import { Worker, type WorkerObserver, type WorkerOptions } from "./worker.ts";

const second = 1_000;
const minute = 60 * second;
const accepted: Outcome = { kind: "accepted", receipt: "1" };
const serverError: Outcome = { kind: "retry", reason: "server", detail: "HTTP 500" };

interface Setup {
  readonly receiver: (clock: VirtualClock) => FakeReceiver;
  readonly targets?: readonly TargetTerms[];
  readonly concurrency?: number;
  readonly observe?: WorkerObserver;
  readonly random?: () => number;
  /** Replaces operations of the ledger that the worker sees. */
  readonly between?: (ledger: Ledger, clock: VirtualClock) => Partial<Ledger>;
  readonly publish?: WorkerOptions["publish"];
}

/** A running worker with an in-memory ledger and a receiver that follows a script. */
async function start(setup: Setup) {
  const clock = new VirtualClock();
  const ledger = memoryLedger({
    clock,
    settings: { ...defaultSettings, remind: 0 },
    random: setup.random ?? (() => 1),
  });
  await ledger.useTargets(setup.targets ?? [targetTerms("pagerduty")]);
  const receiver = setup.receiver(clock);
  const worker = new Worker({
    ledger: { ...ledger, ...setup.between?.(ledger, clock) },
    clock,
    owner: "worker",
    concurrency: setup.concurrency ?? 64,
    publish: setup.publish ?? receiver.publish,
    ...(setup.observe ? { observe: setup.observe } : {}),
  });
  const record = async (claim: ReturnType<typeof firing>, how: Parameters<typeof wanted>[1] = {}) => {
    await ledger.record([wanted(claim, how)]);
    worker.wake();
    await settled();
  };
  const [view] = [async () => (await ledger.incidents({ limit: 10_000 })).incidents];
  return {
    clock,
    ledger,
    receiver,
    worker,
    fires: (name: string, how: Parameters<typeof wanted>[1] = {}) => record(firing(name), how),
    ends: (name: string) => record(resolved(name)),
    states: async () => (await view()).map(({ state, reason }) => `${state} ${reason}`),
    [Symbol.asyncDispose]: async () => {
      const stopped = worker.stop({ graceMs: 0 });
      await clock.advance(5 * minute);
      await stopped;
    },
  };
}

const scripted =
  (script?: ConstructorParameters<typeof FakeReceiver>[1], answersAfterMs = 0) =>
  (clock: VirtualClock) =>
    new FakeReceiver(clock, script, { answersAfterMs });

describe("a worker", () => {
  test("sends a trigger and a resolve at once", async () => {
    await using run = await start({ receiver: scripted() });
    await run.fires("a");
    await run.ends("a");
    expect(run.receiver.said).toEqual(["trigger a", "resolve a"]);
    expect(run.receiver.publishedAfterMs).toEqual([0, 0]);
  });

  test("waits as long as the 429 asks, then delivers the incident", async () => {
    const tooMany: Outcome = { kind: "retry", reason: "rate_limited", detail: "HTTP 429", retryAfterMs: minute };
    await using run = await start({ receiver: scripted([tooMany, accepted]) });
    await run.fires("a");
    await run.clock.advance(3 * minute);
    expect(run.receiver.publishedAfterMs).toEqual([0, minute]);
  });

  test.each([
    [0, [0, 100, 300, 700, 1_500]],
    [1, [0, 1_000, 3_000, 7_000, 15_000]],
  ])("backs off from 1 s, doubling, with jitter: random value %d", async (jitter, times) => {
    await using run = await start({ receiver: scripted(() => serverError), random: () => jitter });
    await run.fires("a");
    await run.clock.advance(16 * second - 1);
    expect(run.receiver.publishedAfterMs.slice(0, 5)).toEqual(times);
  });

  test("retries for hours, five minutes apart at most", async () => {
    await using run = await start({ receiver: scripted(() => serverError) });
    await run.fires("a");
    await run.clock.advance(6 * 60 * minute);
    const gaps = run.receiver.publishedAfterMs.map((atMs, n, all) => atMs - (all[n - 1] ?? 0));
    expect(Math.max(...gaps)).toBe(5 * minute);
    expect(await run.states()).toEqual(["due waiting_retry"]);
  });

  test("ends an attempt that takes too long, and repeats it", async () => {
    await using run = await start({ receiver: scripted(["hang", accepted]) });
    await run.fires("a");
    await run.clock.advance(10 * second - 1);
    expect(run.worker.inFlight()).toBe(1);
    await run.clock.advance(1);
    expect(run.worker.inFlight()).toBe(0);
    await run.clock.advance(second);
    expect(run.receiver.publishedAfterMs).toEqual([0, 11 * second]);
    expect(await run.states()).toEqual(["told delivered"]);
  });

  test("each attempt has its own deadline", async () => {
    const targets = [targetTerms("slow", { timeoutMs: 20 * second }), targetTerms("quick", { timeoutMs: second })];
    const ended: string[] = [];
    const observe: WorkerObserver = {
      attempted: ({ target }, _outcome, tookMs) => void ended.push(`${target} ${tookMs}`),
    };
    await using run = await start({ receiver: scripted(() => "hang"), targets, observe });
    await run.fires("a", { at: ["slow", "quick"] });
    await run.clock.advance(20 * second);
    expect(ended[0]).toBe("quick 1000");
    expect(ended).toContain("slow 20000");
  });

  test("an attempt ends at its own deadline although an earlier attempt may take longer", async () => {
    const targets = [targetTerms("slow", { timeoutMs: minute }), targetTerms("quick", { timeoutMs: second })];
    const ended: string[] = [];
    const observe: WorkerObserver = {
      attempted: ({ target }, _outcome, tookMs) => void ended.push(`${target} ${tookMs}`),
    };
    await using run = await start({ receiver: scripted(() => "hang"), targets, observe });
    await run.fires("a", { at: ["slow"] });
    await run.clock.advance(second);
    await run.fires("b", { at: ["quick"] });
    await run.clock.advance(second);
    expect(ended).toEqual(["quick 1000"]);
  });

  test("ends an overdue attempt right before its write although no timer has fired, and ends no other attempt", async () => {
    // After a pause of the process, its overdue timers may fire later than its other callbacks.
    const signals: AbortSignal[] = [];
    const publish: WorkerOptions["publish"] = (_lease, signal) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const clock = new VirtualClock();
    let lateMs = 0;
    const late: Clock = {
      now: () => clock.now() + lateMs,
      monotonic: () => clock.monotonic() + lateMs,
      after: (delayMs, then) => clock.after(delayMs, then),
    };
    await using ledger = memoryLedger({ clock });
    await ledger.useTargets([targetTerms("pagerduty", { timeoutMs: second })]);
    await ledger.record([wanted(firing("a")), wanted(firing("b"))]);
    const worker = new Worker({ ledger, clock: late, owner: "worker", concurrency: 8, publish });
    await settled();
    const [first] = signals;
    if (!first) throw new Error("expected two attempts in flight");
    worker.endIfOverdue(first);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    lateMs = second;
    worker.endIfOverdue(first);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  test("does not begin an attempt with an old lease, because the lease could end before the report", async () => {
    const slowly = (ledger: Ledger, clock: VirtualClock): Partial<Ledger> => {
      let first = true;
      return {
        leaseDue: async (request) => {
          const claimed = await ledger.leaseDue(request);
          if (first && claimed.leases.length > 0) {
            first = false;
            await new Promise<void>((resolve) => clock.after(11 * second, resolve));
          }
          return claimed;
        },
      };
    };
    await using run = await start({ receiver: scripted(), between: slowly });
    await run.fires("a");
    await run.clock.advance(minute);
    expect(run.receiver.said).toEqual(["trigger a"]);
    expect(run.receiver.publishedAfterMs[0]).toBeGreaterThanOrEqual(11 * second);
    const [incident] = (await run.ledger.incidents({ limit: 1 })).incidents;
    const history = (await run.ledger.incident(incident?.incident.id ?? 0))?.history.map(({ what }) => what);
    expect(history).toEqual(["trigger interrupted", "trigger"]);
  });

  test("sleeps until something is due instead of polling", async () => {
    let asked = 0;
    const count = (ledger: Ledger): Partial<Ledger> => ({
      leaseDue: (request) => {
        asked++;
        return ledger.leaseDue(request);
      },
    });
    await using run = await start({ receiver: scripted(), between: count });
    await run.fires("a");
    asked = 0;
    await run.clock.advance(60 * minute);
    expect(asked).toBeLessThanOrEqual(60);
  });

  test("delivers alerts that were recorded while it slept and while it was busy", async () => {
    await using run = await start({ receiver: scripted([], 50), concurrency: 1 });
    for (const name of ["a", "b", "c"]) await run.fires(name);
    await run.clock.advance(second);
    expect(run.receiver.said).toEqual(["trigger a", "trigger b", "trigger c"]);
    await run.clock.advance(30 * second);
    await run.fires("d");
    expect(run.receiver.said.at(-1)).toBe("trigger d");
  });
});

describe("urgency", () => {
  test("a critical overtakes a backlog", async () => {
    await using run = await start({ receiver: scripted([], 100), concurrency: 4 });
    await run.ledger.record(Array.from({ length: 500 }, (_, n) => wanted(firing(`w${n}`), { severity: "warning" })));
    run.worker.wake();
    await run.clock.advance(2 * second);
    const before = run.receiver.published.length;
    await run.fires("critical", { severity: "critical" });
    await run.clock.advance(100);
    expect(run.receiver.said.slice(before)).toContain("trigger critical");
  });

  test("a critical is never slower than an info, idle or busy", async () => {
    for (const backlog of [0, 100]) {
      await using run = await start({ receiver: scripted([], 10), concurrency: 2 });
      for (let n = 0; n < backlog; n++) await run.ledger.record([wanted(firing(`w${n}`), { severity: "error" })]);
      await run.ledger.record([
        wanted(firing("info"), { severity: "info" }),
        wanted(firing("critical"), { severity: "critical" }),
      ]);
      run.worker.wake();
      await run.clock.advance(10 * second);
      expect(run.receiver.said[0]).toBe("trigger critical");
      expect(run.receiver.said).toContain("trigger info");
    }
  });

  test("a resolve waits for its own trigger and for nothing else", async () => {
    await using run = await start({ receiver: scripted([], 100), concurrency: 1 });
    await run.fires("a");
    await run.ends("a");
    for (let n = 0; n < 20; n++) await run.fires(`w${n}`, { severity: "warning" });
    await run.clock.advance(200);
    expect(run.receiver.said.slice(0, 2)).toEqual(["trigger a", "resolve a"]);
  });
});

describe("a target that hangs", () => {
  test("does not stall others: ten hang, and an eleventh gets its event at once", async () => {
    const names = Array.from({ length: 11 }, (_, n) => `t${n}`);
    await using run = await start({
      targets: names.map((name) => targetTerms(name)),
      receiver: scripted(({ target }) => (target === "t10" ? accepted : "hang")),
    });
    for (const name of names.slice(0, 10))
      await run.ledger.record(Array.from({ length: 100 }, (_, n) => wanted(firing(`${name}-${n}`), { at: [name] })));
    run.worker.wake();
    await run.clock.advance(3 * second);
    const saidAtMs: number[] = [];
    for (let n = 0; n < 20; n++) {
      const beforeMs = run.clock.monotonic();
      await run.fires(`healthy-${n}`, { at: ["t10"] });
      while (!run.receiver.said.includes(`trigger healthy-${n}`)) await run.clock.advance(10);
      saidAtMs.push(run.clock.monotonic() - beforeMs);
    }
    expect(Math.max(...saidAtMs)).toBe(0);
  });
});

const refuse = (): never => {
  throw new LedgerUnavailable("the disk is full");
};

/** A ledger whose operation fails this many times before it works. */
const failing =
  (operation: "settle" | "leaseDue", times: number) =>
  (ledger: Ledger): Partial<Ledger> => {
    let left = times;
    const fail = (): boolean => left-- > 0;
    return operation === "settle"
      ? { settle: async (reports) => (fail() ? refuse() : ledger.settle(reports)) }
      : { leaseDue: async (request) => (fail() ? refuse() : ledger.leaseDue(request)) };
  };

test("a dead letter keeps the sent request if the publisher returns it", async () => {
  const refused: Outcome = { kind: "refused", reason: "invalid", detail: "HTTP 422" };
  await using run = await start({
    receiver: scripted(),
    publish: async () => ({ outcome: refused, rendered: { dedup_key: "a" } }),
  });
  await run.fires("a");
  const { deadLetters } = await run.ledger.deadLetters({ limit: 9 });
  expect(deadLetters).toMatchObject([{ rendered: { dedup_key: "a" }, answer: "HTTP 422" }]);
});

describe("when the ledger is unavailable", () => {
  test("keeps an outcome and settles it later: nothing is sent twice", async () => {
    const failed: unknown[] = [];
    await using run = await start({
      receiver: scripted(),
      between: failing("settle", 5),
      observe: { failed: (error) => void failed.push(error) },
    });
    await run.fires("a");
    expect(await run.states()).toEqual(["in_flight in_flight"]);
    await run.clock.advance(10 * second);
    expect(await run.states()).toEqual(["told delivered"]);
    expect(run.receiver.said).toEqual(["trigger a"]);
    expect(failed).toHaveLength(5);
    expect(failed[0]).toBeInstanceOf(LedgerUnavailable);
  });

  test("asks it for due work every second", async () => {
    await using run = await start({ receiver: scripted(), between: failing("leaseDue", 3) });
    await run.ledger.record([wanted(firing("a"))]);
    await run.clock.advance(10 * second);
    expect(run.receiver.publishedAfterMs).toEqual([3 * second]);
  });

  test("a bug in the ledger costs one attempt, not the worker", async () => {
    let first = true;
    const buggy = (ledger: Ledger): Partial<Ledger> => ({
      settle: async (reports) => {
        if (first) {
          first = false;
          throw new Error("a bug");
        }
        return ledger.settle(reports);
      },
    });
    await using run = await start({ receiver: scripted(), between: buggy });
    await run.fires("a");
    await run.fires("b");
    await run.clock.advance(minute);
    expect(run.receiver.said).toEqual(["trigger a", "trigger b", "trigger a"]);
    expect(new Set(await run.states())).toEqual(new Set(["told delivered"]));
  });
});

test("a publisher that throws costs one attempt, not the worker", async () => {
  const failed: unknown[] = [];
  let first = true;
  await using run = await start({
    receiver: scripted(),
    publish: async () => {
      if (!first) return { outcome: accepted };
      first = false;
      throw new Error("a bug");
    },
    observe: { failed: (error) => void failed.push(error) },
  });
  await run.fires("a");
  await run.fires("b");
  await run.clock.advance(2 * second);
  expect(new Set(await run.states())).toEqual(new Set(["told delivered"]));
  expect(failed).toEqual([new Error("a bug")]);
});

describe("an observer", () => {
  test("is notified of every attempt, of the first accepted one, and of rate limits", async () => {
    const events: string[] = [];
    const observe: WorkerObserver = {
      attempted: ({ action }, { kind }, tookMs) => void events.push(`${action} ${kind} ${tookMs}`),
      told: ({ dedupKey }, waitedMs) => void events.push(`told ${dedupKey} ${waitedMs}`),
      limited: (target) => void events.push(`limited ${target}`),
    };
    const rateLimit = { ...pagerdutyLimit, limit: 2, reserve: 0 };
    const targets = [targetTerms("pagerduty", { rateLimit })];
    await using run = await start({ receiver: scripted([serverError, accepted], 100), targets, observe });
    await run.fires("a");
    await run.clock.advance(2 * second);
    await run.ends("a");
    await run.clock.advance(2 * minute);
    expect(events).toEqual([
      "trigger retry 100",
      "trigger accepted 100",
      "told a 1200",
      "limited pagerduty",
      "resolve accepted 100",
    ]);
  });
});

const unavailable = (): Partial<Ledger> => ({
  settle: () => Promise.reject(new LedgerUnavailable("the disk is full")),
});
const never = (_lease: Lease): Promise<never> => new Promise(() => {});

describe("stopping", () => {
  test("lets attempts in flight end, settles them, and begins no other", async () => {
    const run = await start({ receiver: scripted([], 500), concurrency: 4 });
    for (const name of ["a", "b", "c", "d"]) await run.fires(name);
    let stopped = false;
    const stopping = run.worker.stop().then(() => (stopped = true));
    await run.clock.advance(499);
    expect(stopped).toBe(false);
    await run.clock.advance(1);
    await stopping;
    await run.clock.advance(5 * minute);
    expect(run.receiver.said).toHaveLength(2);
    expect((await run.states()).toSorted()).toEqual([
      "due waiting_turn",
      "due waiting_turn",
      "told delivered",
      "told delivered",
    ]);
  });

  test("aborts an attempt that outlasts the grace; it counts as perhaps delivered and is due at once", async () => {
    const run = await start({
      receiver: scripted(() => "hang"),
      targets: [targetTerms("pagerduty", { timeoutMs: minute })],
    });
    await run.fires("a");
    let stopped = false;
    const stopping = run.worker.stop().then(() => (stopped = true));
    await run.clock.advance(10 * second - 1);
    expect(stopped).toBe(false);
    await run.clock.advance(1);
    await stopping;
    const [view] = (await run.ledger.incidents({ limit: 1 })).incidents;
    expect(view?.incident).toMatchObject({ state: "due", told: { certain: false }, failures: 0 });
    expect(view?.incident.dueAtMs).toBeLessThanOrEqual(run.clock.now());
  });

  test("releases a lease that it gets while it stops, unsent", async () => {
    const asked = Promise.withResolvers<void>();
    const run = await start({
      receiver: scripted(),
      between: (ledger) => ({
        leaseDue: async (request) => {
          const claimed = await ledger.leaseDue(request);
          if (claimed.leases.length > 0) await asked.promise;
          return claimed;
        },
      }),
    });
    await run.fires("a");
    const stopping = run.worker.stop({ graceMs: 10 * second });
    asked.resolve();
    await settled();
    await run.clock.advance(12 * second);
    await stopping;
    expect((await run.states())[0]).toMatch(/^(told|due) /);
    expect(run.receiver.said.length).toBeLessThanOrEqual(1);
  });

  test("in the middle of a backoff takes no time", async () => {
    const run = await start({ receiver: scripted(() => serverError) });
    await run.fires("a");
    await run.clock.advance(30 * second);
    await run.worker.stop();
    expect(run.clock.nextAtMs()).toBeNull();
  });

  test("takes at most a second longer than the grace if the ledger cannot commit or an attempt never ends", async () => {
    for (const setup of [{ between: unavailable }, { publish: never }]) {
      const run = await start({ receiver: scripted(), ...setup });
      await run.fires("a");
      let stopped = false;
      const stopping = run.worker.stop({ graceMs: 10 * second }).then(() => (stopped = true));
      await run.clock.advance(12 * second);
      expect(stopped).toBe(true);
      await stopping;
      await run.clock.advance(2 * second);
      // Nothing keeps the process alive.
      expect(run.clock.nextAtMs()).toBeNull();
    }
  });

  test("an idle worker takes no time", async () => {
    const run = await start({ receiver: scripted() });
    await settled();
    await run.worker.stop();
    await run.ledger.record([wanted(firing("a"))]);
    run.worker.wake();
    await run.clock.advance(minute);
    expect(run.receiver.said).toEqual([]);
  });
});
