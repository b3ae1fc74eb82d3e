import { createHash } from "node:crypto";
import type { Lease, Ledger, TargetTerms } from "@tocsin/core";
import { memoryLedger } from "@tocsin/engine";
import { describe, expect, test } from "vitest";
import { firing, resolved, type Saying, wanted } from "../kit/claims.ts";
import { Random } from "../kit/random.ts";
import { pagerdutyLimit, targetTerms } from "../kit/target-terms.ts";
import { VirtualClock } from "../kit/virtual-clock.ts";

// The plan of docs/scaling.md for more targets than one database carries: 10,000 targets over several ledgers, each the stand-in
// of a PostgreSQL cluster with its fleet. Memory ledgers, since the rules are the same code over all of them.

const windowMs = 60_000;
/** Attempts that a credential stands in a window. */
const limit = 4;

/** The cluster that wins the draw for this key (rendezvous hashing): one more takes its share of all, and nothing else moves. */
function homeOf(key: string, clusters: readonly string[]): string {
  const draw = (cluster: string): string => createHash("sha256").update(`${cluster}\0${key}`).digest("hex");
  return clusters.map((cluster) => [draw(cluster), cluster] as const).reduce((a, b) => (a[0] > b[0] ? a : b))[1];
}

/** Four targets share a credential. */
const targetsOf = (count: number): TargetTerms[] =>
  Array.from({ length: count }, (_, n) =>
    targetTerms(`target ${n}`, {
      credential: `key ${n % (count / 4)}`,
      rateLimit: { ...pagerdutyLimit, limit, perMs: windowMs, reserve: 0 },
    }),
  );

const four = ["a", "b", "c", "d"];
const five = [...four, "e"];
const byCredential = ({ credential }: TargetTerms): string => credential;
const byName = ({ name }: TargetTerms): string => name;

interface Home {
  readonly old: string;
  readonly home: string;
}
const moves = ({ old, home }: Home): boolean => old !== home;

interface Told {
  readonly cluster: string;
  readonly credential: string;
  readonly action: Lease["action"];
  readonly atMs: number;
}

/** Clusters, the router in front of them, and the events that the receivers got. */
class Clusters {
  readonly clock = new VirtualClock();
  readonly told = new Map<string, Told[]>();
  readonly targets: ReadonlyMap<string, TargetTerms>;
  readonly #key: (target: TargetTerms) => string;
  readonly #ledgers = new Map<string, Ledger>();
  /** By key; for a key that moved, alerts that began before `sinceMs` stay with the old cluster. */
  readonly #homes = new Map<string, Home & { readonly sinceMs: number }>();

  constructor(targets: readonly TargetTerms[], key: (target: TargetTerms) => string) {
    this.targets = new Map(targets.map((target) => [target.name, target]));
    this.#key = key;
    for (const one of new Set(targets.map(key))) {
      const home = homeOf(one, four);
      this.#homes.set(one, { old: home, home, sinceMs: 0 });
    }
  }

  async begin(): Promise<void> {
    for (const cluster of five) this.#ledgers.set(cluster, memoryLedger({ clock: this.clock, random: () => 0.5 }));
    await this.#deal(({ home }, cluster) => (home === cluster ? limit : 0));
  }

  /** Each cluster gets the targets for which it has a share of their limit. */
  async #deal(share: (home: Home, cluster: string) => number): Promise<void> {
    for (const [cluster, ledger] of this.#ledgers) {
      const dealt = [...this.targets.values()].flatMap((target) => {
        const of = share(this.#homeOf(target), cluster);
        return of > 0 ? [{ ...target, rateLimit: { ...target.rateLimit, limit: of } }] : [];
      });
      await ledger.useTargets(dealt);
    }
  }

  #homeOf(target: TargetTerms) {
    const home = this.#homes.get(this.#key(target));
    if (!home) throw new Error(`${target.name} has no home`);
    return home;
  }

  /** A fifth cluster takes its share of what begins from now on. Returns the targets that moved. */
  async grow(): Promise<string[]> {
    for (const [key, { home }] of this.#homes) {
      const next = homeOf(key, five);
      // One window later, so that what the old home sent in the last one is over.
      if (next !== home) this.#homes.set(key, { old: home, home: next, sinceMs: this.clock.now() + windowMs });
    }
    await this.#deal((home, cluster) => (home.old === cluster ? (moves(home) ? limit / 2 : limit) : 0));
    await this.pass(windowMs);
    await this.#deal((home, cluster) =>
      moves(home) ? (home.old === cluster || home.home === cluster ? limit / 2 : 0) : home.home === cluster ? limit : 0,
    );
    return [...this.targets.values()].filter((target) => moves(this.#homeOf(target))).map(({ name }) => name);
  }

  /** Nothing is open any more where it began before the growth: the new homes have the whole limit a window later. */
  async finish(): Promise<void> {
    await this.#deal(({ old, home }, cluster) => (home === cluster ? (old === home ? limit : limit / 2) : 0));
    await this.pass(windowMs);
    await this.#deal(({ home }, cluster) => (home === cluster ? limit : 0));
  }

  /** The router: to each cluster the alert, with those of its targets that want it. */
  async says(status: "firing" | "resolved", name: string, at: readonly string[], saying: Saying): Promise<void> {
    const { alert } = firing(name, saying);
    const of = Map.groupBy(at, (target) => {
      const { old, home, sinceMs } = this.#homeOf(this.targets.get(target) as TargetTerms);
      return alert.startsAtMs < sinceMs ? old : home;
    });
    for (const [cluster, names] of of) {
      const claim = status === "firing" ? firing(name, saying) : resolved(name, saying);
      await this.#ledgers.get(cluster)?.record([wanted(claim, { at: names })]);
    }
  }

  async pass(ms: number): Promise<void> {
    await this.#tell();
    for (let passed = 0; passed < ms; passed += windowMs / 2) {
      await this.clock.advance(windowMs / 2);
      await this.#tell();
    }
  }

  async #tell(): Promise<void> {
    const request = { owner: "w", max: 5_000, concurrency: 20_000, leaseMarginMs: 20_000 };
    for (const [cluster, ledger] of this.#ledgers)
      for (;;) {
        const { leases } = await ledger.leaseDue({ ...request, ahead: { targets: [], factor: 1 } });
        if (leases.length === 0) break;
        await ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "" } })));
        for (const { target, dedupKey, action } of leases) {
          const { credential } = this.targets.get(target) as TargetTerms;
          const key = `${dedupKey} at ${target}`;
          const before = this.told.get(key) ?? [];
          this.told.set(key, [...before, { cluster, credential, action, atMs: this.clock.now() }]);
        }
      }
  }

  /** The most that any credential was sent in any window, over all clusters. */
  maxInWindow(): number {
    let most = 0;
    for (const times of Map.groupBy([...this.told.values()].flat(), ({ credential }) => credential).values()) {
      const sorted = times.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
      for (const [n, atMs] of sorted.entries())
        most = Math.max(most, sorted.slice(n).filter((other) => other < atMs + windowMs).length);
    }
    return most;
  }
}

/** Alerts that about a fiftieth of the targets want each, and one that many want. */
const storm = (random: Random, names: readonly string[], many: readonly string[], prefix: string) =>
  Array.from({ length: 6 }, (_, n) => ({
    name: `${prefix} ${n}`,
    at: n === 0 ? many : names.filter(() => random.chance(0.02)),
  }));

describe("targets hashed over clusters", () => {
  test("10,000 targets get their events in order and within their limits while a fifth cluster is added", async () => {
    const random = new Random(1);
    const fleet = new Clusters(targetsOf(10_000), byCredential);
    await fleet.begin();
    const names = [...fleet.targets.keys()];

    const before = storm(random, names, names, "before");
    const startedAtMs = fleet.clock.now();
    for (const { name, at } of before) await fleet.says("firing", name, at, { startsAtMs: startedAtMs });
    await fleet.pass(2 * windowMs);
    const moved = new Set(await fleet.grow());
    expect(moved.size / names.length).toBeGreaterThan(0.18);
    expect(moved.size / names.length).toBeLessThan(0.22);

    // All targets of every fourth credential.
    const many = names.filter((_, n) => n % 4 === 0);
    const after = storm(random, names, many, "after");
    const grownAtMs = fleet.clock.now();
    for (const { name, at } of after) await fleet.says("firing", name, at, { startsAtMs: grownAtMs });
    for (const { name, at } of before) await fleet.says("resolved", name, at, { startsAtMs: startedAtMs });
    await fleet.pass(5 * windowMs);
    await fleet.finish();
    for (const { name, at } of after) await fleet.says("resolved", name, at, { startsAtMs: grownAtMs });
    await fleet.pass(2 * windowMs);

    const wants = [...before, ...after].flatMap(({ name, at }) => at.map((target) => `${name} at ${target}`));
    expect(new Set(fleet.told.keys())).toEqual(new Set(wants));
    const wrong = [...fleet.told].filter(
      ([, told]) => told.map(({ action }) => action).join(" ") !== "trigger resolve",
    );
    expect(wrong).toEqual([]);
    expect(fleet.maxInWindow()).toBe(limit);
    // Open incidents ended at the cluster where they began; later ones of a moved target belong to the new cluster.
    for (const [key, told] of fleet.told) {
      const [trigger, resolve] = told;
      if (trigger?.cluster !== resolve?.cluster)
        throw new Error(`${key} began at ${trigger?.cluster} and ended elsewhere`);
      const isNew = key.startsWith("after") && moved.has(key.slice(key.indexOf(" at ") + 4));
      if ((trigger?.cluster === "e") !== isNew) throw new Error(`${key} was triggered by ${trigger?.cluster}`);
    }
  });

  test("hashed by name instead of credential would exceed the limit of a credential", async () => {
    const fleet = new Clusters(targetsOf(100), byName);
    await fleet.begin();
    for (let n = 0; n < 3; n++) await fleet.says("firing", `alert ${n}`, [...fleet.targets.keys()], {});
    await fleet.pass(windowMs);
    expect(fleet.maxInWindow()).toBeGreaterThan(limit);
  });

  test("moves a key only to the new cluster", () => {
    const keys = Array.from({ length: 1_000 }, (_, n) => `key ${n}`);
    const elsewhere = keys.filter((key) => ![homeOf(key, four), "e"].includes(homeOf(key, five)));
    expect(elsewhere).toEqual([]);
  });
});
