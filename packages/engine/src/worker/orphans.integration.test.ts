import type { Claim, Ledger, Outcome, TargetTerms } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { firing, resolved, type Saying, Scratch, settled, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../config.ts";
import { openSqliteLedger } from "../stores/sqlite/ledger.ts";
import { Worker } from "./worker.ts";

// Whatever happens between an incident's trigger and its resolve: it is resolved when its alert ends, not before, and an
// alert that comes back pages again where somebody wants it.

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const year = 365 * 24 * hour;
const oldKey = "0".repeat(32);
const newKey = "1".repeat(32);
const pagerduty = (key: string, terms: Partial<TargetTerms> = {}): TargetTerms =>
  targetTerms("pagerduty", { credential: key, endpoint: `pagerduty ${key}`, sealed: key, ...terms });

/** The service with a ledger file, and PagerDuty. */
class House implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly receiver = new Simulator({ clock: { now: () => this.clock.monotonic() } });
  readonly #scratch = new Scratch();
  #ledger: Ledger | undefined;
  #worker: Worker | undefined;
  #lives = 0;
  /** Of the process that works: once it is over, no timer of its fires. */
  #life = { over: false };
  #targets: readonly TargetTerms[] = [pagerduty(oldKey)];
  /** How alerts are told of now; a filter may stop that. */
  wants = true;

  async begin(): Promise<void> {
    const path = this.#scratch.file("tocsin.db");
    const settings = { ...defaultSettings, expiryGrace: minute, remind: 0 };
    const ledger = await openSqliteLedger({ path, thread: false, clock: this.clock, settings, random: () => 0.5 });
    this.#ledger = ledger;
    await ledger.useTargets(this.#targets);
    this.work();
  }

  /** A worker of its own name, whoever worked before. */
  work(): void {
    const life = (this.#life = { over: false });
    const { clock } = this;
    this.#worker = new Worker({
      ledger: this.ledger,
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (delayMs, callback) => clock.after(delayMs, () => (life.over ? undefined : callback())),
      },
      owner: `life-${++this.#lives}`,
      concurrency: 8,
      publish: async (lease) => ({ outcome: this.#send(lease.sealed, lease) }),
    });
  }

  get ledger(): Ledger {
    if (!this.#ledger) throw new Error("the house is down");
    return this.#ledger;
  }

  #send(key: string, lease: { action: string; dedupKey: string; severity: string; token: number }): Outcome {
    const event = { routing_key: key, event_action: lease.action, dedup_key: lease.dedupKey };
    const payload = { summary: lease.dedupKey, severity: lease.severity, source: "house" };
    const said =
      lease.action === "trigger"
        ? { ...event, payload }
        : lease.action === "check"
          ? { ...event, event_action: "resolve", dedup_key: `check-${lease.token}` }
          : event;
    const headers = { "content-type": "application/json" };
    const { status } = this.receiver.handle({
      method: "POST",
      path: "/v2/enqueue",
      headers,
      body: JSON.stringify(said),
    });
    const detail = `HTTP ${status}`;
    if (status === 202) return { kind: "accepted", receipt: detail };
    return { kind: "refused", reason: "invalid", detail, status, ...(status === 400 ? { suspectKey: true } : {}) };
  }

  async say(claim: Claim, how: Parameters<typeof wanted>[1] = {}): Promise<void> {
    await this.ledger.record([wanted(claim, { severity: "error", ...how, at: this.wants ? ["pagerduty"] : [] })]);
    this.#worker?.wake();
    await settled();
  }

  async useTargets(...targets: TargetTerms[]): Promise<void> {
    this.#targets = targets;
    await this.ledger.useTargets(targets);
    this.#worker?.wake();
  }

  /** Dies without a word and comes back a while later. */
  async restart(): Promise<void> {
    this.#worker = undefined;
    this.#life.over = true;
    await this.ledger[Symbol.asyncDispose]();
    await this.clock.advance(10 * second);
    await this.begin();
    await this.clock.advance(second);
  }

  async stopWorker(): Promise<void> {
    await this.#worker?.stop();
  }

  /** What is open, under any key. */
  open(): string[] {
    return this.receiver.incidents().flatMap(({ status, dedup_key }) => (status === "resolved" ? [] : [dedup_key]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#scratch[Symbol.dispose]();
    return Promise.resolve();
  }
}

interface Mishap {
  readonly says: string;
  /** How its source speaks. */
  readonly voice?: (house: House) => Saying;
  readonly happens: (house: House) => Promise<void>;
  /** After the alert ended; what brings the target back, say. */
  readonly afterwards?: (house: House) => Promise<void>;
  /** How its end is said. */
  readonly end?: (house: House) => Promise<void>;
  /** It pages again when it comes back. @default true */
  readonly comesBack?: boolean;
}

const startsAtMs = new VirtualClock().now() - hour;
const direct = (house: House): Saying => ({ sender: "one", endsAtMs: house.clock.now() + 4 * minute });

const mishaps: readonly Mishap[] = [
  { says: "nothing", happens: async () => {} },
  {
    says: "a filter is edited",
    happens: async (house) => {
      house.wants = false;
      await house.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await house.say(firing("a", { startsAtMs }));
    },
    comesBack: false,
  },
  {
    says: "the target is disabled",
    happens: (house) => house.useTargets(pagerduty(oldKey, { enabled: false })),
    comesBack: false,
  },
  { says: "the target is removed", happens: (house) => house.useTargets(), comesBack: false },
  { says: "the key is rotated", happens: (house) => house.useTargets(pagerduty(newKey)) },
  {
    says: "the key is revoked, and repaired",
    happens: async (house) => house.receiver.setKeys([newKey]),
    afterwards: async (house) => {
      await house.clock.advance(10 * minute);
      expect(house.open()).toEqual(["a"]);
      house.receiver.setKeys(undefined);
      await house.clock.advance(2 * minute);
    },
  },
  {
    says: "the source falls silent for two hours",
    voice: direct,
    happens: async (house) => {
      await house.clock.advance(2 * hour);
      const [view] = (await house.ledger.incidents({ limit: 1 })).incidents;
      expect(view?.reason).toBe("source_silent");
    },
  },
  {
    says: "a webhook's source falls silent for more than a day",
    happens: async (house) => {
      await house.clock.advance(25 * hour);
      const [view] = (await house.ledger.incidents({ limit: 1 })).incidents;
      expect(view?.reason).toBe("stale");
    },
  },
  {
    says: "one of two senders dies",
    voice: direct,
    happens: async (house) => {
      for (let at = 0; at < 30; at++) {
        await house.say(firing("a", { startsAtMs, sender: "two", endsAtMs: house.clock.now() + 4 * minute }));
        await house.clock.advance(minute);
      }
    },
    end: (house) => house.say(resolved("a", { startsAtMs, sender: "two", endsAtMs: house.clock.now() })),
  },
  {
    says: "another worker takes over",
    happens: async (house) => {
      await house.stopWorker();
      house.work();
    },
  },
  {
    says: "the incident is dead-lettered",
    happens: async (house) => {
      house.receiver.setFaults("answer 422");
      await house.say(firing("a", { startsAtMs }), { severity: "critical" });
      house.receiver.setFaults([]);
      expect((await house.ledger.deadLetters({ limit: 9 })).deadLetters).toHaveLength(1);
    },
  },
  {
    says: "the sender's clock is a year ahead",
    voice: (house) => ({
      sender: "one",
      startsAtMs: startsAtMs + year,
      endsAtMs: house.clock.now() + year + 4 * minute,
    }),
    happens: async (house) => {
      await house.clock.advance(minute);
      await house.say(
        firing("a", { sender: "one", startsAtMs: startsAtMs + year, endsAtMs: house.clock.now() + year + 4 * minute }),
      );
    },
    // Its end lies in our future too: what tells it is that it moves back.
    end: async (house) => {
      const endsAtMs = house.clock.now() + year;
      await house.say(firing("a", { sender: "one", startsAtMs: startsAtMs + year, endsAtMs }));
    },
  },
];

describe.each(mishaps)("$says", (mishap) => {
  const { voice = (): Saying => ({}), happens, afterwards = async () => {}, end, comesBack = true } = mishap;

  test.each(["without a restart", "with a restart before", "with a restart after", "with both"])(
    "%s",
    async (restart) => {
      await using house = new House();
      await house.begin();
      await house.say(firing("a", { startsAtMs, ...voice(house) }));
      await house.clock.advance(second);
      expect(house.open()).toEqual(["a"]);

      if (restart === "with a restart before" || restart === "with both") await house.restart();
      await happens(house);
      await house.clock.advance(second);
      if (restart === "with a restart after" || restart === "with both") await house.restart();
      expect(house.receiver.incidents().map(({ status }) => status)).toEqual(["triggered"]);

      await (end ?? (() => house.say(resolved("a", { startsAtMs, ...voice(house), endsAtMs: house.clock.now() }))))(
        house,
      );
      await house.clock.advance(second);
      await afterwards(house);
      // What its other sender said last is over when that would have been repeated.
      await house.clock.advance(10 * minute);
      expect(house.open()).toEqual([]);

      const againMs = house.clock.now();
      const ahead = (voice(house).startsAtMs ?? 0) > againMs ? year : 0;
      await house.say(firing("a", { ...voice(house), startsAtMs: againMs + ahead }));
      await house.clock.advance(second);
      expect(house.open()).toEqual(comesBack ? ["a"] : []);
    },
  );
});
