import type { Claim, Ledger, Outcome, TargetTerms } from "@tocsin/core";
import { Simulator } from "@tocsin/simulator";
import { firing, resolved, type Saying, Scratch, settled, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../delivery-settings.ts";
import { openSqliteLedger } from "../stores/sqlite/ledger.ts";
import { Worker } from "./worker.ts";

// Anything may happen between an incident's trigger and its resolve. The incident is resolved when its alert ends and not before,
// and an alert that comes back pages again if it is still routed to the target.

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const year = 365 * 24 * hour;
const oldKey = "0".repeat(32);
const newKey = "1".repeat(32);
const pagerduty = (key: string, terms: Partial<TargetTerms> = {}): TargetTerms =>
  targetTerms("pagerduty", { credential: key, endpoint: `pagerduty ${key}`, sealed: key, ...terms });

/** The service with a ledger file, and a simulated PagerDuty. */
class Service implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly receiver = new Simulator({ clock: { now: () => this.clock.monotonic() } });
  readonly #scratch = new Scratch();
  #ledger: Ledger | undefined;
  #worker: Worker | undefined;
  #lives = 0;
  /** The running process. Once it has ended, none of its timers fires. */
  #life = { over: false };
  #targets: readonly TargetTerms[] = [pagerduty(oldKey)];
  /** Whether alerts are routed to the target. A filter may stop that. */
  routed = true;

  async begin(): Promise<void> {
    const path = this.#scratch.file("tocsin.db");
    const settings = { ...defaultSettings, expiryGrace: minute, remind: 0 };
    const ledger = await openSqliteLedger({ path, thread: false, clock: this.clock, settings, random: () => 0.5 });
    this.#ledger = ledger;
    await ledger.useTargets(this.#targets);
    this.work();
  }

  /** Starts a worker under a new name, so that it does not own the leases of earlier workers. */
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
    if (!this.#ledger) throw new Error("the service is down");
    return this.#ledger;
  }

  #send(key: string, lease: { action: string; dedupKey: string; severity: string; token: number }): Outcome {
    const event = { routing_key: key, event_action: lease.action, dedup_key: lease.dedupKey };
    const payload = { summary: lease.dedupKey, severity: lease.severity, source: "service" };
    const body =
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
      body: JSON.stringify(body),
    });
    const detail = `HTTP ${status}`;
    if (status === 202) return { kind: "accepted", receipt: detail };
    return { kind: "refused", reason: "invalid", detail, status, ...(status === 400 ? { suspectKey: true } : {}) };
  }

  async say(claim: Claim, how: Parameters<typeof wanted>[1] = {}): Promise<void> {
    await this.ledger.record([wanted(claim, { severity: "error", ...how, at: this.routed ? ["pagerduty"] : [] })]);
    this.#worker?.wake();
    await settled();
  }

  async useTargets(...targets: TargetTerms[]): Promise<void> {
    this.#targets = targets;
    await this.ledger.useTargets(targets);
    this.#worker?.wake();
  }

  /** Crashes and starts again 10 s later. */
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

  /** Dedup keys of the open incidents, under any routing key. */
  open(): string[] {
    return this.receiver.incidents().flatMap(({ status, dedup_key }) => (status === "resolved" ? [] : [dedup_key]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#scratch[Symbol.dispose]();
    return Promise.resolve();
  }
}

interface Mishap {
  readonly name: string;
  /** Fields that its source adds to each claim. */
  readonly voice?: (service: Service) => Saying;
  readonly happens: (service: Service) => Promise<void>;
  /** Runs after the alert ended, for example to repair the target. */
  readonly afterwards?: (service: Service) => Promise<void>;
  /** Sends its end. */
  readonly end?: (service: Service) => Promise<void>;
  /** The alert pages again when it comes back. @default true */
  readonly comesBack?: boolean;
}

const startsAtMs = new VirtualClock().now() - hour;
const direct = (service: Service): Saying => ({ sender: "one", endsAtMs: service.clock.now() + 4 * minute });

const mishaps: readonly Mishap[] = [
  { name: "nothing", happens: async () => {} },
  {
    name: "a filter is edited",
    happens: async (service) => {
      service.routed = false;
      await service.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await service.say(firing("a", { startsAtMs }));
    },
    comesBack: false,
  },
  {
    name: "the target is disabled",
    happens: (service) => service.useTargets(pagerduty(oldKey, { enabled: false })),
    comesBack: false,
  },
  { name: "the target is removed", happens: (service) => service.useTargets(), comesBack: false },
  { name: "the key is rotated", happens: (service) => service.useTargets(pagerduty(newKey)) },
  {
    name: "the key is revoked and repaired",
    happens: async (service) => service.receiver.setKeys([newKey]),
    afterwards: async (service) => {
      await service.clock.advance(10 * minute);
      expect(service.open()).toEqual(["a"]);
      service.receiver.setKeys(undefined);
      await service.clock.advance(2 * minute);
    },
  },
  {
    name: "the source falls silent for two hours",
    voice: direct,
    happens: async (service) => {
      await service.clock.advance(2 * hour);
      const [view] = (await service.ledger.incidents({ limit: 1 })).incidents;
      expect(view?.reason).toBe("source_silent");
    },
  },
  {
    name: "a webhook's source falls silent for more than a day",
    happens: async (service) => {
      await service.clock.advance(25 * hour);
      const [view] = (await service.ledger.incidents({ limit: 1 })).incidents;
      expect(view?.reason).toBe("stale");
    },
  },
  {
    name: "one of two senders dies",
    voice: direct,
    happens: async (service) => {
      for (let at = 0; at < 30; at++) {
        await service.say(firing("a", { startsAtMs, sender: "two", endsAtMs: service.clock.now() + 4 * minute }));
        await service.clock.advance(minute);
      }
    },
    end: (service) => service.say(resolved("a", { startsAtMs, sender: "two", endsAtMs: service.clock.now() })),
  },
  {
    name: "another worker takes over",
    happens: async (service) => {
      await service.stopWorker();
      service.work();
    },
  },
  {
    name: "the incident is dead-lettered",
    happens: async (service) => {
      service.receiver.setFaults("answer 422");
      await service.say(firing("a", { startsAtMs }), { severity: "critical" });
      service.receiver.setFaults([]);
      expect((await service.ledger.deadLetters({ limit: 9 })).deadLetters).toHaveLength(1);
    },
  },
  {
    name: "the sender's clock is a year ahead",
    voice: (service) => ({
      sender: "one",
      startsAtMs: startsAtMs + year,
      endsAtMs: service.clock.now() + year + 4 * minute,
    }),
    happens: async (service) => {
      await service.clock.advance(minute);
      await service.say(
        firing("a", {
          sender: "one",
          startsAtMs: startsAtMs + year,
          endsAtMs: service.clock.now() + year + 4 * minute,
        }),
      );
    },
    // Its end lies in our future too. The ledger recognizes it as an end because it moves back.
    end: async (service) => {
      const endsAtMs = service.clock.now() + year;
      await service.say(firing("a", { sender: "one", startsAtMs: startsAtMs + year, endsAtMs }));
    },
  },
];

describe.each(mishaps)("$name", (mishap) => {
  const { voice = (): Saying => ({}), happens, afterwards = async () => {}, end, comesBack = true } = mishap;

  test.each(["without a restart", "with a restart before", "with a restart after", "with both"])(
    "%s",
    async (restart) => {
      await using service = new Service();
      await service.begin();
      await service.say(firing("a", { startsAtMs, ...voice(service) }));
      await service.clock.advance(second);
      expect(service.open()).toEqual(["a"]);

      if (restart === "with a restart before" || restart === "with both") await service.restart();
      await happens(service);
      await service.clock.advance(second);
      if (restart === "with a restart after" || restart === "with both") await service.restart();
      expect(service.receiver.incidents().map(({ status }) => status)).toEqual(["triggered"]);

      await (
        end ?? (() => service.say(resolved("a", { startsAtMs, ...voice(service), endsAtMs: service.clock.now() })))
      )(service);
      await service.clock.advance(second);
      await afterwards(service);
      // By then, the other sender's last claim has ended too, because a live sender would have repeated it.
      await service.clock.advance(10 * minute);
      expect(service.open()).toEqual([]);

      const againMs = service.clock.now();
      const ahead = (voice(service).startsAtMs ?? 0) > againMs ? year : 0;
      await service.say(firing("a", { ...voice(service), startsAtMs: againMs + ahead }));
      await service.clock.advance(second);
      expect(service.open()).toEqual(comesBack ? ["a"] : []);
    },
  );
});
