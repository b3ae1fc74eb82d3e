import { type Clock, LedgerUnavailable } from "@tocsin/core";
import type { Config } from "../../config/config.ts";
import type { ResolvedTarget } from "../resolved-target.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { TargetSet, TargetDefinition } from "../target-definition.ts";
import type { Discovery, DiscoveryOperation, DiscoveryReason, SyncState } from "./discovery.ts";
import type { LastKnownTargets } from "./last-known-targets.ts";
import type { OpenDiscovery } from "./open-discovery.ts";

/** Delay before a change is applied, so that changes that come together are applied as one. */
const gatherMs = 50;

/** Minimum time between two replacements of the target set. Each costs a commit and a look at all firing alerts. */
const restMs = 500;

/** The first load waits no longer than this for a place that does not answer. */
const maxLoadMs = 10_000;

/** Minimum time between two saves of the last known targets. Each writes whole sets. */
const keepRestMs = 1_000;

/** Wait before the next try after the ledger failed to store the targets. */
const retryMs = 1_000;

/** Metrics of discoveries. `where` is the directory or the namespace. */
export interface DiscoveryMetrics {
  /**
   * All targets of a place were read. Also called for a new place, so that an alert on its age works before the first success.
   */
  discovered(source: string, where: string, atMs: number): void;
  discoveryStale(source: string, where: string, stale: boolean): void;
  /** The place is no longer watched. */
  discoveryEnded(source: string, where: string): void;
  discoveryFailed(source: string, operation: DiscoveryOperation, reason: DiscoveryReason): void;
  /** Time from the detection of a change until it was in use. */
  discoveryLag(source: string, lagMs: number): void;
}

export interface DiscoveriesOptions {
  /**
   * Creates the discoveries that a configuration names, in the order of precedence of their targets. Reuses those in `current`
   * whose settings are unchanged.
   */
  readonly open: (
    settings: Config["discovery"],
    current: readonly OpenDiscovery[],
  ) => Promise<readonly OpenDiscovery[]>;
  readonly lastKnown: Pick<LastKnownTargets, "save">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: DiscoveryMetrics;
  /** The targets in use, each with the definition that it was made from. */
  readonly definitionsInUse: () => readonly (Pick<ResolvedTarget, "place" | "source"> & {
    readonly definition?: TargetDefinition;
  })[];
}

/** One discovery as `GET /api/v1/targets` shows it. */
export interface DiscoveryView extends SyncState {
  readonly source: string;
  readonly where: string;
  /** `unread`: the place was never read. The targets in use, if any, come from an earlier run of the service. */
  readonly state: "synced" | "stale" | "unread";
}

/** The discovery now watches other places. The caller calls exactly one of these. */
export interface Rediscovery {
  /** Stops the discoveries that the configuration no longer names. */
  keep(): Promise<void>;
  /** Goes back to the previous places. */
  undo(): Promise<void>;
}

/** All discoveries of a service. When one finds a change, the set of targets is replaced soon, but at most twice a second. */
export class Discoveries {
  readonly #o: DiscoveriesOptions;
  #places: readonly OpenDiscovery[] = [];
  /** Discoveries that were used before: they are started and announced to the metrics already. */
  readonly #known = new WeakSet<OpenDiscovery>();
  /** Starts to use the sets as they are now; undefined before the start. @throws LedgerUnavailable */
  #applySets: (() => Promise<void>) | undefined;
  /** By source: when the first change was seen that is not in use yet. */
  #changedAtMs = new Map<string, number>();
  /** Replacements run one after the other. */
  #applying: Promise<void> = Promise.resolve();
  #appliedAtMs = Number.NEGATIVE_INFINITY;
  #cancelApply: (() => void) | undefined;
  #keptAtMs = Number.NEGATIVE_INFINITY;
  #cancelKeep: (() => void) | undefined;
  #stopped = false;

  constructor(options: DiscoveriesOptions) {
    this.#o = options;
  }

  sets(): TargetSet[] {
    return this.#places.map(({ discovery: { source, readSecret, targets }, lastKnown }) => ({
      source,
      readSecret,
      targets: targets ?? lastKnown,
    }));
  }

  get views(): DiscoveryView[] {
    return this.#places.map(({ discovery }) => viewOf(discovery));
  }

  /** Watches the places that a configuration names. @throws LedgerUnavailable; in that case nothing has changed */
  async configure(settings: Config["discovery"]): Promise<Rediscovery> {
    const before = this.#places;
    const after = await this.#o.open(settings, before);
    this.#use(after);
    return {
      keep: () => this.#end(before),
      undo: () => {
        this.#use(before);
        return this.#end(after);
      },
    };
  }

  /**
   * Starts to watch, and calls `applySets` after changes. Resolves after one attempt to read each place, when the targets found are in use.
   */
  async start(applySets: () => Promise<void>): Promise<void> {
    this.#applySets = applySets;
    if (this.#places.length === 0) return;
    await this.#bounded(this.#places.map(({ discovery }) => this.#begin(discovery)));
    await this.#applyNow();
  }

  /** Reads every place now and uses the targets found. Waits for a place that does not answer as long as at the start. */
  async refresh(): Promise<void> {
    if (this.#places.length === 0) return;
    await this.#bounded(this.#places.map(({ discovery }) => discovery.refresh()));
    await this.#applyNow();
  }

  async #bounded(readings: readonly Promise<unknown>[]): Promise<void> {
    const read = Promise.all(readings);
    await new Promise<void>((resolve) => {
      const cancel = this.#o.clock.after(maxLoadMs, resolve);
      void read.then(cancel).then(resolve);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelApply?.();
    await Promise.all(this.#places.map(({ discovery }) => discovery.stop()));
    await this.#applying;
    if (this.#cancelKeep === undefined) return;
    this.#cancelKeep();
    await this.#keep();
  }

  #use(places: readonly OpenDiscovery[]): void {
    const { metrics, clock } = this.#o;
    this.#places = places;
    for (const place of places) {
      if (this.#known.has(place)) continue;
      this.#known.add(place);
      const { source, where } = place.discovery;
      metrics.discovered(source, where, clock.now());
      this.#measure(place.discovery);
      if (this.#applySets !== undefined) void this.#begin(place.discovery);
    }
  }

  /** Stops those of `places` that are no longer used. */
  async #end(places: readonly OpenDiscovery[]): Promise<void> {
    const unused = places.filter((place) => !this.#places.includes(place));
    await Promise.all(unused.map(({ discovery }) => discovery.stop()));
    const used = new Set(this.#places.map(({ discovery }) => nameOf(discovery)));
    for (const { discovery } of unused)
      if (!used.has(nameOf(discovery))) this.#o.metrics.discoveryEnded(discovery.source, discovery.where);
  }

  #measure(discovery: Discovery): void {
    const { source, where, state } = viewOf(discovery);
    this.#o.metrics.discoveryStale(source, where, state !== "synced");
  }

  /** Resolves when the place was read once, or could not be read. */
  #begin(discovery: Discovery): Promise<void> {
    const { log, metrics, clock } = this.#o;
    const { source, where } = discovery;
    return new Promise((resolve) => {
      discovery.start({
        changed: () => {
          if (!this.#changedAtMs.has(source)) this.#changedAtMs.set(source, clock.monotonic());
          this.#applySoon();
          resolve();
        },
        synced: () => {
          metrics.discovered(source, where, clock.now());
          this.#measure(discovery);
          resolve();
        },
        failed: (operation, reason) => {
          metrics.discoveryFailed(source, operation, reason);
          resolve();
        },
        turned: () => {
          this.#measure(discovery);
          const { error, staleSinceMs } = discovery.syncState;
          if (error === null)
            log.info({ event: "discovery_current", source, where }, "Changes of targets are followed again");
          else {
            const stale = staleSinceMs === null ? {} : { staleSince: new Date(staleSinceMs).toISOString() };
            log.warn(
              { event: "discovery_stale", source, where, error, ...stale },
              "Changes of targets are not seen: keeping the targets that were found last",
            );
          }
        },
      });
    });
  }

  #applySoon(): void {
    if (this.#stopped || this.#cancelApply !== undefined) return;
    const restedMs = this.#o.clock.monotonic() - this.#appliedAtMs;
    this.#applyIn(Math.max(gatherMs, restMs - restedMs));
  }

  #applyIn(delayMs: number): void {
    this.#cancelApply = this.#o.clock.after(delayMs, () => void this.#applyNow());
  }

  #applyNow(): Promise<void> {
    this.#cancelApply?.();
    this.#cancelApply = undefined;
    const before = this.#applying;
    const applying = async () => {
      await before;
      await this.#apply();
    };
    this.#applying = applying();
    return this.#applying;
  }

  async #apply(): Promise<void> {
    const { clock, log, metrics } = this.#o;
    const changed = this.#changedAtMs;
    if (changed.size === 0 || this.#stopped) return;
    this.#changedAtMs = new Map();
    try {
      await this.#applySets?.();
    } catch (error) {
      if (!(error instanceof LedgerUnavailable))
        log.error(
          { event: "discovery_bug", err: error, reason: "bug" },
          "Replacing the targets failed because of a bug: keeping the previous targets. Tried again in 1 s",
        );
      this.#changedAtMs = new Map([...this.#changedAtMs, ...changed]);
      if (!this.#stopped) this.#applyIn(retryMs);
      return;
    } finally {
      this.#appliedAtMs = clock.monotonic();
    }
    for (const [source, sinceMs] of changed) metrics.discoveryLag(source, clock.monotonic() - sinceMs);
    const keepInMs = this.#keptAtMs + keepRestMs - clock.monotonic();
    if (keepInMs <= 0) await this.#keep();
    else this.#cancelKeep ??= clock.after(keepInMs, () => void this.#keep());
  }

  async #keep(): Promise<void> {
    this.#cancelKeep = undefined;
    const { lastKnown, definitionsInUse, log, clock } = this.#o;
    this.#keptAtMs = clock.monotonic();
    for (const { discovery } of this.#places) {
      const { source, targets } = discovery;
      if (targets === undefined) continue;
      const places = new Set(targets.map(({ place }) => place));
      const ours = definitionsInUse().filter((entry) => entry.source === source && places.has(entry.place));
      try {
        await lastKnown.save(
          discovery,
          ours.flatMap(({ definition }) => definition ?? []),
        );
      } catch (error) {
        log.warn(
          { event: "last_known_targets_not_saved", err: error, source },
          "Saving the last known targets failed: tried again at the next change",
        );
      }
    }
  }
}

const viewOf = ({ source, where, syncState, targets }: Discovery): DiscoveryView => ({
  source,
  where,
  state: targets === undefined ? "unread" : syncState.error === null ? "synced" : "stale",
  ...syncState,
});

const nameOf = ({ source, where }: Discovery): string => `${source} ${where}`;
