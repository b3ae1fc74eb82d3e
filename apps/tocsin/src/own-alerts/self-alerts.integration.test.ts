import { LedgerUnavailable, type Outcome } from "@tocsin/core";
import { openSqliteLedger } from "@tocsin/engine";
import { targetTerms, VirtualClock } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { notifications } from "../delivery/notification.ts";
import { type ConditionName, conditionNames, conditionOf } from "../health/conditions.ts";
import type { DatedProblem } from "../health/health.ts";
import { createLogger } from "../telemetry/logger.ts";
import { Scrubber } from "../telemetry/scrubber.ts";
import { DirectPage } from "./direct-page.ts";
import { OwnAlerts } from "./own-alerts.ts";
import { SelfAlerts } from "./self-alerts.ts";

const second = 1_000;
const minute = 60 * second;
const vault = { identity: (_kind: string, text: string) => text.replace("\0", "-") };
const accepted: Outcome = { kind: "accepted", receipt: "" };

/** Targets `a` and `b` with credentials of their own, and `a2`, which shares that of `a`. */
const credentials: Readonly<Record<string, string>> = { a: "A", a2: "A", b: "B" };

interface Page {
  readonly target: string;
  readonly atMs: number;
  readonly dedupKey: string;
  readonly eventId: string;
}

/** A ledger, and replicas whose problems a test decides. `dropping`: the targets that ignore resolves of unknown incidents. */
async function world({ targets = ["a", "b"], isAlone = true, dropping = [] as readonly string[] } = {}) {
  const clock = new VirtualClock();
  const ledger = await openSqliteLedger({ path: ":memory:", thread: false, clock });
  await ledger.useTargets(Object.keys(credentials).map((name) => targetTerms(name)));
  const logs: string[] = [];
  const log = createLogger({ level: "error", format: "json" }, new Scrubber(), (line) => logs.push(line));
  const pages: Page[] = [];
  const outcomes: Record<string, Outcome> = {};
  let replicas = 0;
  const publisherTo = (target: string) => ({
    type: "webhook",
    publisher: {
      traits: { dropsUnknownResolves: dropping.includes(target), acknowledges: false },
      publish: async ({ dedupKey, eventId }: { dedupKey: string; eventId: string }) => {
        pages.push({ target, atMs: clock.monotonic(), dedupKey, eventId });
        return outcomes[target] ?? accepted;
      },
      render: () => null,
      [Symbol.asyncDispose]: async () => {},
    },
  });
  const start = () => {
    const state = { problems: [] as DatedProblem[], isDown: false, isDead: false, stoodMs: 0 };
    const own = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + state.stoodMs,
      after: (delayMs: number, callback: () => void) => clock.after(delayMs, () => state.isDead || callback()),
    };
    const guarded = {
      ...ledger,
      record: async (claims: Parameters<typeof ledger.record>[0]) => {
        if (state.isDown) throw new LedgerUnavailable("disk full");
        return ledger.record(claims);
      },
    };
    const ownAlerts: OwnAlerts = new OwnAlerts({
      ledger: guarded,
      routesOf: (alert) =>
        (ownAlerts.addressingOf(alert)?.targets ?? []).map((target) => ({
          target,
          dedupKey: alert.fingerprint,
          severity: "critical" as const,
          summary: "",
        })),
      nameOf: (name) => (name in credentials ? name : undefined),
      wake: () => {},
      log,
      clock: own,
    });
    const selfAlerts = new SelfAlerts(
      { targets, after: minute },
      {
        health: { problems: async () => state.problems },
        ownAlerts,
        directPage: new DirectPage({
          ledger: guarded,
          clock: own,
          log,
          notify: notifications(() => undefined),
          wake: () => {},
          publisherTo,
          attempted: () => {},
        }),
        vault,
        clock: own,
        log,
        recipientTerms: {
          find: (name) =>
            name in credentials ? ({ name, target: { enabled: true, mode: "live" } } as never) : undefined,
          credentialOf: (name) => credentials[name],
        },
        owner: `replica ${replicas++}`,
        isAlone,
      },
    );
    selfAlerts.start();
    const find = (condition: ConditionName, ...objects: string[]) => {
      const { severity, fix } = conditionOf(condition);
      const others = state.problems.filter((one) => one.condition !== condition);
      const sinceMs = clock.now();
      state.problems = [
        ...others,
        ...objects.map((object) => ({ condition, severity, fix, object, summary: "it is so", sinceMs })),
      ];
    };
    return { selfAlerts, state, find };
  };
  const firing = async () => {
    const alerts = await ledger.firing({ prefix: "tocsin-self-", limit: 100 });
    return alerts.map(({ labels, annotations }) => [labels["tocsin_condition"], annotations["objects"]]);
  };
  const recipients = async () => {
    const { incidents } = await ledger.incidents({ limit: 100 });
    return incidents
      .filter(({ incident: { wanted, told, state } }) => wanted.status === "firing" && (told || state === "due"))
      .map(({ incident }) => incident.target)
      .toSorted((x, y) => (x < y ? -1 : 1));
  };
  return {
    clock,
    ledger,
    logs,
    pages,
    outcomes,
    start,
    firing,
    recipients,
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}

const reported = conditionNames.filter((name) => conditionOf(name).selfAlert !== undefined);
const recorded = reported.filter((name) => name !== "ledger_not_committing");

describe("a self-alert", () => {
  test.each(recorded)(
    "about %s is sent when the condition has lasted, and resolved when it ends",
    async (condition) => {
      await using one = await world();
      const { find, selfAlerts } = one.start();
      find(condition, "x");
      await one.clock.advance(50 * second);
      expect(await one.firing()).toEqual([]);
      await one.clock.advance(20 * second);
      expect(await one.firing()).toEqual([[condition, "x"]]);
      expect(await one.recipients()).toEqual(["a", "b"]);
      await one.clock.advance(10 * minute);
      expect(await one.firing()).toEqual([[condition, "x"]]);
      find(condition);
      await one.clock.advance(10 * second);
      expect(await one.firing()).toEqual([]);
      expect((await one.ledger.incidents({ limit: 100 })).incidents).toHaveLength(2);
      await selfAlerts.stop();
    },
  );

  test("stays while the ledger does not answer, if it was read from the ledger", async () => {
    await using one = await world();
    const { find, selfAlerts } = one.start();
    find("critical_dead", "x");
    find("disk_nearly_full", "disk");
    await one.clock.advance(70 * second);
    find("critical_dead");
    find("disk_nearly_full");
    find("ledger_slow", "db");
    await one.clock.advance(10 * minute);
    expect(await one.firing()).toEqual([["critical_dead", "x"]]);
    find("ledger_slow");
    await one.clock.advance(10 * second);
    expect(await one.firing()).toEqual([]);
    await selfAlerts.stop();
  });

  test("names all objects in one alert, and many objects only by their number", async () => {
    await using one = await world();
    const { find, selfAlerts } = one.start();
    find("target_unauthorized", "z", "y");
    await one.clock.advance(70 * second);
    expect(await one.firing()).toEqual([["target_unauthorized", "y, z"]]);
    find("target_unauthorized", ...Array.from({ length: 5_000 }, (_, n) => `t${n}`));
    await one.clock.advance(10 * second);
    expect((await one.firing())[0]?.[1]).toMatch(/^(t\d+, ){19}t\d+ and 4980 more$/);
    expect(await one.firing()).toHaveLength(1);
    await selfAlerts.stop();
  });

  test("does not go to a target that is the problem, or that shares its credential", async () => {
    await using one = await world({ targets: ["a", "a2", "b"] });
    const { find, selfAlerts } = one.start();
    find("critical_overdue", "a");
    await one.clock.advance(70 * second);
    expect(await one.recipients()).toEqual(["b"]);
    find("critical_overdue");
    await one.clock.advance(10 * second);
    // A target that refuses everything gets no alert about other problems either.
    find("target_unauthorized", "b");
    find("disk_nearly_full", "disk");
    await one.clock.advance(70 * second);
    const { incidents } = await one.ledger.incidents({ target: "b", limit: 100 });
    expect(incidents.filter(({ incident }) => incident.wanted.status === "firing")).toEqual([]);
    expect(await one.recipients()).toEqual(["a", "a", "a2", "a2"]);
    await selfAlerts.stop();
  });

  test("that no target can receive is logged as fatal, and sent as soon as one can", async () => {
    await using one = await world({ targets: ["a", "a2", "unknown"] });
    const { find, selfAlerts } = one.start();
    find("target_unauthorized", "a");
    await one.clock.advance(70 * second);
    expect(one.logs.filter((line) => line.includes("own_alert_unsent"))).toHaveLength(1);
    expect(one.logs.join()).toContain('"level":"fatal"');
    expect(await one.firing()).toEqual([["target_unauthorized", "a"]]);
    find("target_unauthorized", "b");
    await one.clock.advance(10 * second);
    expect(await one.recipients()).toEqual(["a", "a2"]);
    await selfAlerts.stop();
  });

  test("is not sent for a condition that flaps, and goes on while one object of it is left", async () => {
    await using one = await world();
    const { find, selfAlerts } = one.start();
    for (let n = 0; n < 20; n++) {
      find("discovery_stale", ...(n % 2 === 0 ? ["x"] : []));
      await one.clock.advance(30 * second);
    }
    expect((await one.ledger.incidents({ limit: 100 })).incidents).toEqual([]);
    find("discovery_stale", "x");
    await one.clock.advance(70 * second);
    find("discovery_stale", "y");
    await one.clock.advance(30 * second);
    expect(await one.firing()).toEqual([["discovery_stale", "y"]]);
    await selfAlerts.stop();
  });
});

describe("three replicas", () => {
  test.each(["critical_overdue", "disk_nearly_full"] as const)(
    "raise one alert about %s together",
    async (condition) => {
      await using one = await world({ isAlone: false });
      const all = [one.start(), one.start(), one.start()];
      for (const { find } of all) {
        find(condition, "x");
        await one.clock.advance(3 * second);
      }
      await one.clock.advance(5 * minute);
      expect(await one.firing()).toEqual([[condition, "x"]]);
      expect((await one.ledger.incidents({ limit: 100 })).incidents).toHaveLength(2);
      for (const { find } of all) find(condition);
      await one.clock.advance(10 * second);
      expect(await one.firing()).toEqual([]);
      expect((await one.ledger.incidents({ limit: 100 })).incidents).toHaveLength(2);
      for (const { selfAlerts } of all) await selfAlerts.stop();
    },
  );

  test("speak for themselves about their own condition, and a killed one does not speak for ever", async () => {
    await using one = await world({ isAlone: false });
    const [sick, healthy] = [one.start(), one.start()];
    sick.find("disk_nearly_full", "disk");
    await one.clock.advance(5 * minute);
    expect(await one.firing()).toEqual([["disk_nearly_full", "disk"]]);
    sick.state.isDead = true;
    await one.clock.advance(5 * minute);
    // Time passes when the worker asks for work.
    await one.ledger.leaseDue({
      owner: "w",
      max: 0,
      concurrency: 1,
      leaseMarginMs: 1,
      ahead: { targets: [], factor: 1 },
    });
    expect(await one.firing()).toEqual([]);
    await healthy.selfAlerts.stop();
  });
});

test("a restarted process ends the alert of its earlier life", async () => {
  await using one = await world();
  const first = one.start();
  first.find("event_loop_slow", "process");
  first.find("critical_dead", "x");
  await one.clock.advance(70 * second);
  expect(await one.firing()).toHaveLength(2);
  first.state.isDead = true;
  const later = one.start();
  await one.clock.advance(10 * second);
  expect(await one.firing()).toEqual([]);
  await later.selfAlerts.stop();
});

/** Target, key, delivered event, desired status and state of each incident. */
const shown = async ({ ledger }: Awaited<ReturnType<typeof world>>) =>
  (await ledger.incidents({ limit: 100 })).incidents.map(({ incident: { target, dedupKey, told, wanted, state } }) =>
    [target, dedupKey, told?.event, wanted.status, state].join(" "),
  );

describe("a ledger that does not commit", () => {
  test("is paged directly, at most once in five minutes, and resolved by the ledger after its recovery", async () => {
    await using one = await world();
    const { find, state, selfAlerts } = one.start();
    state.isDown = true;
    find("ledger_not_committing", "/data/tocsin.db");
    await one.clock.advance(50 * second);
    expect(one.pages).toEqual([]);
    await one.clock.advance(20 * second);
    expect(one.pages.map(({ target }) => target)).toEqual(["a", "b"]);
    await one.clock.advance(4 * minute);
    expect(one.pages).toHaveLength(2);
    await one.clock.advance(2 * minute);
    expect(one.pages).toHaveLength(4);
    expect(new Set(one.pages.map(({ dedupKey }) => dedupKey)).size).toBe(1);
    // A receiver that knows events by their id sees one event.
    expect(new Set(one.pages.filter(({ target }) => target === "a").map(({ eventId }) => eventId)).size).toBe(1);
    expect((await one.ledger.incidents({ limit: 100 })).incidents).toEqual([]);

    find("ledger_not_committing");
    state.isDown = false;
    await one.clock.advance(10 * second);
    const { incidents } = await one.ledger.incidents({ limit: 100 });
    expect(
      incidents.map(({ incident: { target, told, wanted, state: now } }) => [target, told?.event, wanted.status, now]),
    ).toEqual(
      expect.arrayContaining([
        ["a", "trigger", "resolved", "due"],
        ["b", "trigger", "resolved", "due"],
      ]),
    );
    expect(incidents.map(({ incident }) => incident.dedupKey)).toEqual([
      one.pages[0]?.dedupKey,
      one.pages[0]?.dedupKey,
    ]);
    await selfAlerts.stop();
  });

  test("resolves only pages that a target may have accepted, and logs as fatal that none was", async () => {
    await using one = await world();
    const { find, state, selfAlerts } = one.start();
    one.outcomes["a"] = { kind: "retry", reason: "server", detail: "503" };
    one.outcomes["b"] = { kind: "ambiguous", reason: "timeout", detail: "no answer" };
    state.isDown = true;
    find("ledger_not_committing", "x");
    await one.clock.advance(70 * second);
    find("ledger_not_committing");
    state.isDown = false;
    await one.clock.advance(10 * second);
    const { incidents } = await one.ledger.incidents({ limit: 100 });
    expect(incidents.map(({ incident }) => incident.target)).toEqual(["b"]);
    expect(one.logs.join()).not.toContain('"level":"fatal"');
    one.outcomes["b"] = one.outcomes["a"];
    await one.clock.advance(5 * minute);
    state.isDown = true;
    find("ledger_not_committing", "x");
    await one.clock.advance(70 * second);
    expect(one.logs.join()).toContain('"level":"fatal"');
    await selfAlerts.stop();
  });

  describe("and a restart before its recovery", () => {
    const ended = "a tocsin-self-self-ledger_not_committing trigger resolved due";

    test("leave no page open: the next life resolves it where unknown resolves are ignored", async () => {
      await using one = await world({ dropping: ["a"] });
      const first = one.start();
      first.state.isDown = true;
      first.find("ledger_not_committing", "x");
      await one.clock.advance(70 * second);
      expect(one.pages).toHaveLength(2);
      first.state.isDead = true;

      const later = one.start();
      later.state.isDown = true;
      later.find("ledger_not_committing", "x");
      await one.clock.advance(10 * second);
      expect(await shown(one)).toEqual([]);
      // The ledger works again, and the targets are not read yet.
      later.find("ledger_not_committing");
      later.find("not_loaded", "targets");
      await one.clock.advance(10 * second);
      later.state.isDown = false;
      await one.clock.advance(10 * second);
      expect(await shown(one)).toEqual([]);
      later.find("not_loaded");
      await one.clock.advance(10 * second);
      expect(await shown(one)).toEqual([ended]);
      // Once for each start, and without a further incident while that one is open.
      await one.clock.advance(10 * minute);
      await later.selfAlerts.stop();
      const last = one.start();
      await one.clock.advance(10 * minute);
      expect(await shown(one)).toEqual([ended]);
      expect(one.pages).toHaveLength(2);
      await last.selfAlerts.stop();
    });

    test("resolve the pages of both lives together", async () => {
      await using one = await world({ dropping: ["a"] });
      const { find, state, selfAlerts } = one.start();
      state.isDown = true;
      find("ledger_not_committing", "x");
      one.outcomes["a"] = { kind: "retry", reason: "server", detail: "503" };
      await one.clock.advance(70 * second);
      find("ledger_not_committing");
      await one.clock.advance(10 * second);
      expect(await shown(one)).toEqual([]);
      state.isDown = false;
      await one.clock.advance(10 * second);
      expect((await shown(one)).toSorted()).toEqual([ended, ended.replace("a ", "b ")]);
      await selfAlerts.stop();
    });
  });

  test("is paged with the same key by every replica, and each adopts its page", async () => {
    await using one = await world({ isAlone: false });
    const all = [one.start(), one.start(), one.start()];
    for (const { find, state } of all) {
      state.isDown = true;
      find("ledger_not_committing", "db");
    }
    await one.clock.advance(70 * second);
    expect(one.pages).toHaveLength(6);
    expect(new Set(one.pages.map(({ dedupKey }) => dedupKey)).size).toBe(1);
    for (const { find, state } of all) {
      state.isDown = false;
      find("ledger_not_committing");
    }
    await one.clock.advance(10 * second);
    const { incidents } = await one.ledger.incidents({ limit: 100 });
    expect(incidents.map(({ incident }) => incident.target).toSorted((x, y) => (x < y ? -1 : 1))).toEqual(["a", "b"]);
    expect(
      incidents.every(({ incident: { told, wanted } }) => told?.event === "trigger" && wanted.status === "resolved"),
    ).toBe(true);
    for (const { selfAlerts } of all) await selfAlerts.stop();
  });
});

test("the event loop's delay is measured", async () => {
  await using one = await world();
  const { selfAlerts, state } = one.start();
  await one.clock.advance(30 * second);
  expect(selfAlerts.loopLagMs).toBe(0);
  await one.clock.advance(2 * second);
  state.stoodMs += 4_000;
  await one.clock.advance(4 * second);
  expect(selfAlerts.loopLagMs).toBe(4_000);
  await selfAlerts.stop();
});
