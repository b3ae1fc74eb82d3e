import { describe, expect, test } from "vitest";
import { pagerdutyLimit, targetTerms } from "../../kit/target-terms.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";
import { ChangeCollector } from "../../kit/change-collector.ts";
import {
  accepted,
  type Durable,
  hour,
  leaseMs,
  type LedgerSubject,
  minute,
  quickSettings,
  refused,
  second,
  serverError,
  LedgerHarness,
  tooMany,
} from "./ledger-harness.ts";

/** Lives of one ledger, one after another, on one clock. */
async function livesOf(durable: Durable) {
  const place = await durable();
  const clock = new VirtualClock();
  const targets = [targetTerms("pagerduty", { rateLimit: { ...pagerdutyLimit, limit: 10, reserve: 0 } })];
  const settings = { ...quickSettings, expiryGrace: 5 * minute };
  return {
    clock,
    /** The first brings the targets; later ones have them, as after a restart without a reload. */
    live: async <T>(what: (harness: LedgerHarness) => Promise<T>, first = false): Promise<T> => {
      await using harness = new LedgerHarness(await place.open({ clock, settings, random: () => 1 }), clock);
      if (first) await harness.ledger.useTargets(targets);
      return await what(harness);
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

/** State that outlives the process. */
export function restart(subject: LedgerSubject): void {
  const { durable } = subject;
  if (!durable) return;
  restarts(durable);
  if (!subject.shared) soleOwners(durable);
  else if (subject.virtualTime) manyOwners(durable);
  if (subject.virtualTime) restartsInTime(durable);
}

function restarts(durable: Durable): void {
  describe("over a restart", () => {
    test("the last value stored under a name is returned", async () => {
      await using lives = await livesOf(durable);
      await lives.live(async ({ ledger }) => {
        for (const text of ["first", 'last "ü"']) await ledger.putValue("targets", text);
      }, true);
      await lives.live(async ({ ledger }) => {
        expect(await ledger.getValue("targets")).toBe('last "ü"');
        expect(await ledger.getValue("other")).toBeUndefined();
      });
    });

    test("alerts, incidents, their delivered state and their history stay", async () => {
      await using ledger = await livesOf(durable);
      const before = await ledger.live(async (harness) => {
        await harness.fires("told", { labels: { team: "x" } });
        await harness.tell();
        await harness.fires("due");
        await harness.fires("dead");
        for (const lease of await harness.claim())
          await harness.settle(lease, lease.dedupKey === "dead" ? refused : { ...serverError, retryAfterMs: hour });
        return { views: await harness.views(), alert: await harness.ledger.alert("told") };
      }, true);
      await ledger.live(async (harness) => {
        expect(await harness.views()).toEqual(before.views);
        expect(await harness.ledger.alert("told")).toEqual(before.alert);
        expect((await harness.ledger.deadLetters({ limit: 9 })).deadLetters).toHaveLength(1);
        expect((await harness.ledger.stats()).incidents).toHaveLength(3);
        const told = before.views.at(-1)?.incident.id ?? 0;
        expect((await harness.ledger.incident(told))?.history.map(({ what }) => what)).toEqual(["trigger"]);
        await harness.ends("told");
        expect(await harness.tell()).toEqual(["resolve told"]);
      });
    });

    test("the reading of an alert from an Alertmanager's API stays", async () => {
      await using lives = await livesOf(durable);
      await lives.live(async (harness) => {
        await harness.fires("a");
        await harness.tell();
        const findings = [{ says: "suppressed", fingerprint: "a", routes: [] }] as const;
        await harness.ledger.recordReading({ source: "default", api: "this-api", findings });
      }, true);
      await lives.live(async (harness) => {
        const { alerts } = await harness.ledger.readAlerts("default", ["a"]);
        expect(alerts).toMatchObject([{ shown: { api: "this-api", suppressed: true } }]);
        expect(await harness.stands()).toEqual(["told silenced"]);
      });
    });

    test("a state that was recorded and not delivered is delivered after the restart", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live((harness) => harness.fires("a"), true);
      expect(await ledger.live((harness) => harness.tell())).toEqual(["trigger a"]);
    });

    test("slots stay charged", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live(async (harness) => {
        for (let n = 0; n < 15; n++) await harness.fires(`a${n}`);
        expect(await harness.tell()).toHaveLength(10);
      }, true);
      await ledger.live(async (harness) => {
        expect(await harness.claim()).toEqual([]);
        expect((await harness.ledger.targetStatus())[0]?.limiter.used).toBe(10);
      });
    });

    test("slots of attempts that were not settled stay charged as well", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live(async (harness) => {
        for (let n = 0; n < 15; n++) await harness.fires(`a${n}`);
        await harness.claim();
      }, true);
      await ledger.live(async (harness) => {
        expect(await harness.claim()).toEqual([]);
      });
    });

    test("a pause, a breaker and a refused key stay", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live(async (harness) => {
        await harness.fires("a");
        await harness.attempt(tooMany);
      }, true);
      await ledger.live(async (harness) => {
        await harness.fires("b");
        expect(await harness.claim()).toEqual([]);
        expect((await harness.stands())[0]).toBe("due waiting_pause");
      });
    });

    test("a resolve goes to the key that opened its incident", async () => {
      await using ledger = await livesOf(durable);
      const opened = await ledger.live(async (harness) => {
        await harness.fires("a");
        return harness.attempt();
      }, true);
      await ledger.live(async (harness) => {
        await harness.ledger.useTargets([targetTerms("pagerduty", { credential: "new" })]);
        await harness.ends("a");
      });
      const closed = await ledger.live((harness) => harness.attempt());
      expect(closed).toMatchObject({ action: "resolve", endpoint: opened.endpoint, sealed: opened.sealed });
    });

    test("stored values stay", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live((harness) => harness.ledger.putValue("targets", "all of them"), true);
      expect(await ledger.live((harness) => harness.ledger.getValue("targets"))).toBe("all of them");
    });

    test("a person's acknowledgement stays", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live(async (harness) => {
        await harness.fires("a");
        await harness.tell();
        await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      }, true);
      expect(await ledger.live((harness) => harness.tell())).toEqual(["acknowledge a"]);
    });
  });
}

function soleOwners(durable: Durable): void {
  describe("over a restart of its one owner", () => {
    test("leases from before the restart are void at once, and their events perhaps delivered", async () => {
      await using ledger = await livesOf(durable);
      const lost = await ledger.live(async (harness) => {
        await harness.fires("a");
        return harness.claimOne();
      }, true);
      await ledger.live(async (harness) => {
        expect((await harness.newest()).told).toMatchObject({ event: "trigger", certain: false });
        expect(await harness.settle(lost, accepted)).toBe(false);
        const again = await harness.claimOne();
        expect(again.token).toBeGreaterThan(lost.token);
        expect(await harness.settle(again)).toBe(true);
      });
    });

    test("many restarts at one instant do no harm", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live((harness) => harness.fires("a"), true);
      for (let life = 0; life < 10; life++) await ledger.live((harness) => harness.claim());
      expect(await ledger.live((harness) => harness.newest())).toMatchObject({ told: { certain: false } });
    });
  });
}

/** Two owners at once, and a successor that does not know that its predecessor is gone. */
function manyOwners(durable: Durable): void {
  describe("with many owners", () => {
    test("a lease of a dead owner lasts until it expires, and its event is perhaps delivered then", async () => {
      await using ledger = await livesOf(durable);
      const lost = await ledger.live(async (harness) => {
        await harness.fires("a");
        return harness.claimOne("one");
      }, true);
      for (let life = 0; life < 10; life++)
        await ledger.live(async (harness) => {
          expect(await harness.claim(10, "two")).toEqual([]);
        });
      await ledger.clock.advance(leaseMs + 1);
      await ledger.live(async (harness) => {
        const again = await harness.claimOne("two");
        expect(again.token).toBeGreaterThan(lost.token);
        expect((await harness.newest()).told).toMatchObject({ event: "trigger", certain: false });
        expect(await harness.settle(lost, accepted)).toBe(false);
        expect(await harness.settle(again)).toBe(true);
      });
    });

    test("one records, another sends, and both see the same", async () => {
      await using pair = await pairOf(durable);
      const { one, two } = pair;
      await one.fires("a");
      expect(await two.views()).toEqual(await one.views());
      const lease = await two.claimOne("two");
      expect(await one.claim(10, "one")).toEqual([]);
      expect(await one.stands()).toEqual(["in_flight in_flight"]);
      await two.settle(lease);
      expect(await one.stands()).toEqual(["told delivered"]);
      await one.ends("a");
      expect(await two.tell()).toEqual(["resolve a"]);
      expect((await one.ledger.stats()).incidents).toEqual((await two.ledger.stats()).incidents);
    });

    test("an incident is leased once, however many owners ask at once", async () => {
      await using pair = await pairOf(durable);
      const { one, two } = pair;
      for (let n = 0; n < 40; n++) await one.fires(`a${n}`);
      const leases = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? one : two).claim(3, n % 2 ? "one" : "two")),
      );
      const leased = leases.flat().map(({ incident }) => incident);
      expect(leased).toHaveLength(new Set(leased).size);
    });

    test("a credential's limit and pause and a target's breaker are shared", async () => {
      await using pair = await pairOf(durable, 10);
      const { one, two } = pair;
      for (let n = 0; n < 30; n++) await one.fires(`a${n}`);
      const leases = await Promise.all([one.claim(8, "one"), two.claim(8, "two"), one.claim(8, "one")]);
      expect(leases.flat()).toHaveLength(10);
      expect(await two.claim(8, "two")).toEqual([]);
      expect((await two.ledger.targetStatus())[0]?.limiter.used).toBe(10);
      const [first] = leases.flat();
      if (first) await one.settle(first, tooMany);
      expect((await two.ledger.targetStatus())[0]?.limiter.pausedUntilMs).not.toBeNull();
      for (const lease of leases.flat().slice(1)) await two.settle(lease, serverError);
      expect((await one.ledger.targetStatus())[0]?.breaker.state).toBe("open");
    });

    test("a change of targets by one applies to the other", async () => {
      await using pair = await pairOf(durable);
      const { one, two } = pair;
      await one.fires("a");
      await one.ledger.useTargets([targetTerms("pagerduty", { enabled: false })]);
      expect(await two.claim(10, "two")).toEqual([]);
      expect(await two.stands()).toEqual(["not_told target_disabled"]);
      await two.fires("b");
      expect(await one.stands()).toEqual(["not_told target_disabled"]);
    });

    test("a source that one received from counts as received by all", async () => {
      await using pair = await pairOf(durable);
      const { one, two, clock } = pair;
      await clock.advance(10 * minute);
      await one.fires("a", { sender: "s", endsAtMs: clock.now() + minute });
      await one.tell();
      await clock.advance(2 * minute);
      expect(await one.tell()).toEqual([]);
      await two.fires("b", { sender: "s", endsAtMs: clock.now() + minute });
      expect((await one.tell()).toSorted()).toEqual(["resolve a", "trigger b"]);
    });

    test("each lease token is larger than all earlier ones, for any owner", async () => {
      await using pair = await pairOf(durable);
      const { one, two } = pair;
      let last = 0;
      for (const [n, harness] of [one, two, two, one, two].entries()) {
        await harness.fires(`a${n}`);
        const lease = await harness.claimOne(`owner ${n % 2}`);
        expect(lease.token).toBeGreaterThan(last);
        last = lease.token;
        await harness.settle(lease);
      }
    });

    test("a watcher of one owner is notified of changes by another", async () => {
      await using pair = await pairOf(durable);
      const { one, two } = pair;
      using watch = await ChangeCollector.begin(one.ledger);
      await two.fires("a");
      const { id } = await one.newest();
      expect(await watch.next()).toEqual([id]);
      await one.ledger.acknowledge(id, "ann");
      expect(await watch.next()).toEqual([id]);
    });

    test("owners share stored values, one of two simultaneous first values counts, and a dead letter is replayed once", async () => {
      await using pair = await pairOf(durable);
      const { one, two } = pair;
      await one.ledger.putValue("targets", "all of them");
      expect(await two.ledger.getValue("targets")).toBe("all of them");
      const firsts = await Promise.all([one, two].map(({ ledger }, n) => ledger.putValueIfAbsent("key", `of ${n}`)));
      expect(firsts[1]).toBe(firsts[0]);
      await one.fires("a");
      await one.attempt(refused);
      const [letter] = (await two.ledger.deadLetters({ limit: 9 })).deadLetters;
      const answers = await Promise.all([one, two].map(({ ledger }) => ledger.replay(letter?.id ?? 0)));
      expect(answers.toSorted()).toEqual(["already_replayed", "replayed"]);
    });
  });
}

/** Two lives of one ledger at the same time. */
async function pairOf(durable: Durable, limit = 0) {
  const place = await durable();
  const clock = new VirtualClock();
  const targets = [targetTerms("pagerduty", { rateLimit: { ...pagerdutyLimit, limit, reserve: 0 } })];
  const options = { clock, settings: { ...quickSettings, expiryGrace: 5 * minute }, random: () => 1 };
  const one = new LedgerHarness(await place.open(options), clock);
  const two = new LedgerHarness(await place.open(options), clock);
  await one.ledger.useTargets(targets);
  return {
    one,
    two,
    clock,
    async [Symbol.asyncDispose]() {
      await one[Symbol.asyncDispose]();
      await two[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

function restartsInTime(durable: Durable): void {
  describe("over a restart in time", () => {
    test("a resolve follows its trigger after 25 hours", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live(async (harness) => {
        await harness.fires("a");
        await harness.tell();
      }, true);
      await ledger.clock.advance(25 * hour);
      await ledger.live(async (harness) => {
        await harness.ends("a");
        expect(await harness.tell()).toEqual(["resolve a"]);
      });
    });

    test("an alert whose endsAt passed while no process ran is not resolved by the start", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live(async (harness) => {
        await harness.fires("a", { sender: "s", endsAtMs: harness.clock.now() + 4 * minute });
        await harness.tell();
      }, true);
      await ledger.clock.advance(2 * hour);
      await ledger.live(async (harness) => {
        await harness.fires("b", { sender: "s", endsAtMs: harness.clock.now() + 4 * minute });
        expect(await harness.tell()).toEqual(["trigger b"]);
        await harness.fires("a", { sender: "s", endsAtMs: harness.clock.now() + 9 * minute });
        expect(await harness.after(5 * minute + second)).toEqual([]);
      });
    });

    test("the ledger's time does not run back with the wall clock", async () => {
      await using ledger = await livesOf(durable);
      const nowMs = await ledger.live(async (harness) => {
        await harness.fires("a");
        return (await harness.ledger.stats()).nowMs;
      }, true);
      ledger.clock.jump(-hour);
      await ledger.live(async (harness) => {
        expect((await harness.ledger.stats()).nowMs).toBeGreaterThanOrEqual(nowMs);
        expect(await harness.tell()).toEqual(["trigger a"]);
      });
    });

    test("slots are freed when their windows are over", async () => {
      await using ledger = await livesOf(durable);
      await ledger.live(async (harness) => {
        for (let n = 0; n < 15; n++) await harness.fires(`a${n}`);
        expect(await harness.tell()).toHaveLength(10);
      }, true);
      expect(await ledger.live((harness) => harness.after(minute))).toHaveLength(5);
    });
  });
}
