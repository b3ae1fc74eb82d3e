import { LedgerUnavailable, parseMatchers } from "@tocsin/core";
import { openSqliteLedger } from "@tocsin/engine";
import { targetTerms, VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { OwnAlerts } from "../own-alerts/own-alerts.ts";
import { createLogger } from "../telemetry/logger.ts";
import { Scrubber } from "../telemetry/scrubber.ts";
import type { Expectation } from "./expectation-settings.ts";
import { Heartbeats } from "./heartbeats.ts";

const second = 1_000;
const minute = 60 * second;
const vault = { identity: (_kind: string, text: string) => `id-${Buffer.from(text).toString("hex")}` };
const log = createLogger({ level: "silent", format: "json" }, new Scrubber(), () => {});

const expectation = (more: Partial<Expectation> = {}): Expectation => ({
  source: "am",
  everyMs: 2 * minute,
  matchers: undefined,
  targets: ["pager"],
  ...more,
});

/** A ledger, and processes that come and go. */
async function world(expectations: readonly Expectation[] = [expectation()]) {
  const clock = new VirtualClock();
  const ledger = await openSqliteLedger({ path: ":memory:", thread: false, clock });
  await ledger.useTargets([targetTerms("pager"), targetTerms("other")]);
  let isDown = false;
  const guarded = {
    ...ledger,
    putValue: async (name: string, text: string) => {
      if (isDown) throw new LedgerUnavailable("disk full");
      return ledger.putValue(name, text);
    },
  };
  let lives = 0;
  const silent = new Map<string, boolean>();
  const events: string[] = [];
  const dead = new Set<Heartbeats>();
  const start = (list = expectations) => {
    const ownAlerts: OwnAlerts = new OwnAlerts({
      ledger,
      routesOf: (alert) =>
        (ownAlerts.addressingOf(alert)?.targets ?? []).map((target) => ({
          target,
          dedupKey: alert.fingerprint,
          severity: "critical" as const,
          summary: "silent",
        })),
      nameOf: (name) => name,
      wake: () => {},
      log,
      clock,
    });
    const heartbeats: Heartbeats = new Heartbeats({
      ledger: guarded,
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (delayMs, callback) => clock.after(delayMs, () => dead.has(heartbeats) || callback()),
      },
      vault,
      log,
      metrics: {
        sourceSilent: (source, isSilent) => void silent.set(source, isSilent),
        sourceNotExpected: (source) => void silent.delete(source),
      },
      ownAlerts: {
        fire: async (alert, targets) => {
          events.push(`fire ${alert.labels["source"]}`);
          await ownAlerts.fire(alert, targets);
        },
        end: (...end) => ownAlerts.end(...end),
      },
      listens: () => !isDown,
      owner: `process ${lives++}`,
    });
    heartbeats.use(list);
    heartbeats.start();
    return heartbeats;
  };
  const firing = async () => {
    const alerts = await ledger.firing({ prefix: "tocsin-heartbeat-", limit: 100 });
    return alerts.map(({ labels }) => labels["source"]);
  };
  const beatFor = async (heartbeats: Heartbeats, ms: number, everyMs = minute) => {
    for (let passedMs = 0; passedMs < ms; passedMs += everyMs) {
      heartbeats.received("am");
      await clock.advance(Math.min(everyMs, ms - passedMs));
    }
  };
  return {
    clock,
    ledger,
    start,
    /** Ends a process without a warning. */
    kill: (heartbeats: Heartbeats) => void dead.add(heartbeats),
    firing,
    beatFor,
    silent,
    events,
    setDown: (down: boolean) => void (isDown = down),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

describe("a source that must send regularly", () => {
  test("is silent after `every` and at most 5 s, and back with its next request", async () => {
    await using one = await world();
    const heartbeats = one.start();
    await one.beatFor(heartbeats, 10 * minute);
    expect(await one.firing()).toEqual([]);
    // The last request came a minute ago.
    await one.clock.advance(minute);
    expect(await one.firing()).toEqual([]);
    await one.clock.advance(5 * second);
    expect(await one.firing()).toEqual(["am"]);
    expect(one.silent.get("am")).toBe(true);
    expect(heartbeats.silent.map(({ source }) => source)).toEqual(["am"]);
    heartbeats.received("am");
    await one.clock.advance(second);
    expect(await one.firing()).toEqual([]);
    expect(one.silent.get("am")).toBe(false);
    await heartbeats.stop();
  });

  test("raises its alert ten times over as many restarts, and ends it each time", async () => {
    await using one = await world();
    for (let round = 0; round < 10; round++) {
      const first = one.start();
      await one.beatFor(first, 3 * minute);
      expect(await one.firing()).toEqual([]);
      await first.stop();
      const later = one.start();
      await one.clock.advance(minute + 6 * second);
      expect(await one.firing()).toEqual(["am"]);
      await later.stop();
      const third = one.start();
      third.received("am");
      await one.clock.advance(2 * second);
      expect(await one.firing()).toEqual([]);
      await third.stop();
    }
    const { incidents } = await one.ledger.incidents({ limit: 100 });
    expect(incidents.every(({ incident }) => incident.target === "pager")).toBe(true);
  });

  test("is not silent because of our own outage: ten minutes without a process, and ten without a ledger", async () => {
    await using one = await world();
    const before = one.start();
    await one.beatFor(before, 3 * minute);
    await before.stop();
    await one.clock.advance(10 * minute);
    const after = one.start();
    await one.clock.advance(50 * second);
    expect(await one.firing()).toEqual([]);
    await one.beatFor(after, 3 * minute);
    one.setDown(true);
    await one.clock.advance(10 * minute);
    one.setDown(false);
    await one.clock.advance(50 * second);
    expect(await one.firing()).toEqual([]);
    expect(one.events).toEqual([]);
    await after.stop();
  });

  test("is found silent by a process that crashes after five seconds, again and again", async () => {
    await using one = await world([expectation({ everyMs: 30 * second })]);
    const fired: number[] = [];
    for (let lives = 0; lives < 12; lives++) {
      fired.push((await one.firing()).length);
      const heartbeats = one.start();
      await one.clock.advance(4.5 * second);
      one.kill(heartbeats);
      await one.clock.advance(10 * second);
    }
    expect(fired.slice(0, 7)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(fired.at(-1)).toBe(1);
  });

  test("counts as heard when it is first expected", async () => {
    await using one = await world();
    const heartbeats = one.start([]);
    await one.clock.advance(10 * minute);
    heartbeats.use([expectation()]);
    await one.clock.advance(minute);
    expect(await one.firing()).toEqual([]);
    await one.clock.advance(minute + 5 * second);
    expect(await one.firing()).toEqual(["am"]);
    heartbeats.use([]);
    await one.clock.advance(2 * second);
    expect(await one.firing()).toEqual([]);
    expect(one.silent.size).toBe(0);
    // It was expected before, a long time ago: that does not make it silent now.
    await one.clock.advance(10 * minute);
    heartbeats.use([expectation()]);
    await one.clock.advance(minute);
    expect(await one.firing()).toEqual([]);
    await heartbeats.stop();
  });

  test("may have any name", async () => {
    await using one = await world([expectation({ source: "\0 ü/%\n" }), expectation({ source: "__proto__" })]);
    const heartbeats = one.start();
    await one.clock.advance(2 * minute + 5 * second);
    expect(await one.firing()).toEqual(expect.arrayContaining(["\0 ü/%\n", "__proto__"]));
    expect(heartbeats.reported("__proto__")).toBe(true);
    expect(heartbeats.reported("constructor")).toBe(false);
    await one.clock.advance(2 * second);
    expect(await one.firing()).toEqual(["\0 ü/%\n"]);
    await heartbeats.stop();
  });

  test("ends and begins again with a clock that jumps", async () => {
    await using one = await world();
    const heartbeats = one.start();
    await one.beatFor(heartbeats, 5 * minute);
    one.clock.jump(3_600_000);
    await one.beatFor(heartbeats, 5 * minute);
    one.clock.jump(-7_200_000);
    await one.beatFor(heartbeats, 5 * minute);
    expect(one.events).toEqual([]);
    await one.clock.advance(minute + 5 * second);
    expect(await one.firing()).toEqual(["am"]);
    heartbeats.received("am");
    await one.clock.advance(2 * second);
    expect(await one.firing()).toEqual([]);
    await heartbeats.stop();
  });
});

describe("several replicas", () => {
  test("one that hears the source is enough, also when it dies", async () => {
    await using one = await world();
    const [hearing, deaf] = [one.start(), one.start()];
    await one.beatFor(hearing, 10 * minute);
    expect(one.events).toEqual([]);
    await hearing.stop();
    await one.clock.advance(minute + 9 * second);
    expect(await one.firing()).toEqual(["am"]);
    await deaf.stop();
  });

  test("raise one alert together, and end it together", async () => {
    await using one = await world();
    const all = [one.start(), one.start(), one.start()];
    await one.clock.advance(10 * minute);
    expect(await one.firing()).toEqual(["am"]);
    const { incidents } = await one.ledger.incidents({ limit: 100 });
    expect(incidents).toHaveLength(1);
    all[1]?.received("am");
    await one.clock.advance(90 * second);
    expect(await one.firing()).toEqual([]);
    expect((await one.ledger.incidents({ limit: 100 })).incidents).toHaveLength(1);
    for (const heartbeats of all) await heartbeats.stop();
  });
});

const claim = (alertname: string, status: "firing" | "resolved" = "firing") => ({
  alert: { fingerprint: alertname, labels: { alertname }, annotations: {}, startsAtMs: 1 },
  status,
  source: "am",
});

describe("an always-firing alert", () => {
  const watchdog = expectation({ matchers: parseMatchers('alertname="Watchdog"') });
  test("is the heartbeat if it matches, and has no routes", async () => {
    await using one = await world([watchdog]);
    const heartbeats = one.start();
    const recognize = heartbeats.watchdogOf("am");
    expect(recognize?.(claim("Other"))).toBeUndefined();
    expect(recognize?.(claim("Watchdog"))?.routes).toEqual([]);
    expect(recognize?.(claim("Watchdog"))?.claim.alert.fingerprint).toMatch(/^tocsin-watchdog-.*-Watchdog$/);
    expect(heartbeats.watchdogOf("another")).toBeUndefined();
    await heartbeats.stop();
  });

  test("other requests of the source, and its end, do not count", async () => {
    await using one = await world([watchdog]);
    const heartbeats = one.start();
    for (let n = 0; n < 3; n++) {
      heartbeats.received("am");
      heartbeats.watchdogOf("am")?.(claim("Watchdog", "resolved"));
      await one.clock.advance(50 * second);
    }
    expect(await one.firing()).toEqual(["am"]);
    heartbeats.watchdogOf("am")?.(claim("Watchdog"));
    await one.clock.advance(2 * second);
    expect(await one.firing()).toEqual([]);
    await heartbeats.stop();
  });
});
