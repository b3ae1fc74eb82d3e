import { type Clock, LedgerUnavailable } from "@tocsin/core";
import type { ApiFailureReason } from "../../kubernetes/api-failure.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { ResourceWatch } from "../../kubernetes/resource-watch.ts";
import { LogThrottle } from "../../telemetry/log-throttle.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { AcceptChanges } from "../accept-changes.ts";
import { type Advance, advance, advanceToDeletion, advanceToStall } from "./advance.ts";
import type { KnownWorkload } from "./known-workload.ts";
import type { KnownWorkloads } from "./known-workloads.ts";
import { isStalled } from "./rollout-of.ts";
import type { RolloutSettings } from "./rollout-settings.ts";
import { type SeenWorkload, seenWorkload } from "./seen-workload.ts";
import { type Place, type RolloutMetrics, ScopeStatus } from "./scope-status.ts";
import type { Workload } from "./workload.ts";

/** Number of workloads per list request: 1.5 MB is the largest object that Kubernetes stores. */
const pageSize = 20;

/** All workloads are listed again at this interval, even if the watch reports no change. */
const resyncMs = 600_000;

/** Wait before the next try after the ledger failed. */
const retryMs = 1_000;

/** More events than this do not wait for the ledger: they are dropped, and everything is listed again. */
const maxQueued = 10_000;

/** Changes per commit. */
const chunk = 500;

export interface RolloutWatcherOptions {
  readonly settings: Omit<RolloutSettings, "enabled" | "kubeconfig">;
  readonly api: KubernetesApi;
  readonly known: Pick<KnownWorkloads, "load" | "reload" | "save" | "scopes" | "saveScopes">;
  readonly acceptChanges: AcceptChanges;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: RolloutMetrics;
}

/** A collection that is watched. */
interface Scope extends Place {
  /** Names the collection in the ledger. With another label selector it is another collection. */
  readonly name: string;
  readonly status: ScopeStatus;
}

type Job =
  | { readonly kind: "list"; readonly scope: Scope; readonly seen: readonly SeenWorkload[] }
  | { readonly kind: "event"; readonly scope: Scope; readonly isDeleted: boolean; readonly seen: SeenWorkload }
  | { readonly kind: "stalls" };

/**
 * Records rollouts, scalings, creations and deletions of workloads as changes.
 *
 * ```
 *   list, watch ──▶ queue ──▶ advance: the state that is known → changes ──▶ ledger: state with changes ─▶ changes ─▶ state
 * ```
 *
 * The state is stored before the changes are recorded, together with them. After a crash they are recorded again under the same
 * ids, so that each is recorded once.
 */
export class RolloutWatcher {
  readonly #o: RolloutWatcherOptions;
  readonly #scopes: readonly Scope[];
  readonly #watches: readonly ResourceWatch<Workload>[];
  readonly #throttle: LogThrottle;
  /** By uid: the state up to which all changes are recorded. */
  readonly #known = new Map<string, KnownWorkload>();
  /** Names of the scopes that were listed completely before. */
  readonly #listed = new Set<string>();
  /** Workloads with a rollout whose deadline is ours. */
  readonly #timed = new Set<string>();
  #queue: Job[] = [];
  #pumping: Promise<void> | undefined;
  #isFailing = false;
  #cancelStalls: (() => void) | undefined;
  /** Ends the wait for the ledger. */
  #interrupt = () => {};
  #stopped = false;
  #starting: Promise<void> = Promise.resolve();

  constructor(options: RolloutWatcherOptions) {
    this.#o = options;
    const { settings, api, clock, log, metrics } = options;
    this.#throttle = new LogThrottle(clock);
    this.#scopes = settings.namespaces.flatMap((namespace) =>
      settings.kinds.map((kind) => ({
        kind,
        namespace,
        name: [namespace, kind, settings.labelSelector].join("/"),
        status: new ScopeStatus({ namespace, kind }, { clock, log, metrics }),
      })),
    );
    this.#watches = this.#scopes.map((scope) => {
      const path = `/apis/apps/v1/namespaces/${encodeURIComponent(scope.namespace)}/${scope.kind.toLowerCase()}s`;
      const collection = { path, labelSelector: settings.labelSelector, pageSize };
      return new ResourceWatch<Workload>({ api, collection, resyncMs, clock, observer: this.#observe(scope) });
    });
  }

  /** Number of scopes, and how many of them cannot be read now. */
  get health(): { readonly all: number; readonly failing: readonly string[] } {
    const failing = this.#scopes.flatMap(({ status: { error } }) => (error === null ? [] : [error]));
    return { all: this.#scopes.length, failing };
  }

  start(): void {
    this.#starting = this.#begin();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelStalls?.();
    this.#interrupt();
    await this.#starting;
    await Promise.all(this.#watches.map((watch) => watch.stop()));
    await this.#pumping;
    for (const { status } of this.#scopes) status.ended();
  }

  async #begin(): Promise<void> {
    await this.#untilDone(() => this.#load());
    if (this.#stopped) return;
    for (const watch of this.#watches) watch.start();
    this.#planStalls();
  }

  /** Reads the state from before the restart, and records the changes that a crash may have kept from being recorded. */
  async #load(): Promise<void> {
    const { known } = this.#o;
    const watched = new Set(this.#scopes.map(({ name }) => name));
    const scopes = await known.scopes();
    const stored = await known.load();
    const isWatched = ({ namespace, kind }: KnownWorkload) =>
      this.#scopes.some((scope) => scope.namespace === namespace && scope.kind === kind);
    const open = stored.filter(({ unrecorded = [] }) => unrecorded.length > 0);
    await this.#accept(open.flatMap(({ unrecorded = [] }) => unrecorded));
    const states = new Map<string, KnownWorkload | undefined>();
    for (const one of stored) {
      // A namespace that is no longer watched would later seem to have changed in between.
      if (!isWatched(one)) states.set(one.uid, undefined);
      else {
        const { unrecorded, ...state } = one;
        if (unrecorded !== undefined) states.set(one.uid, state);
        this.#keep(one.uid, { ...state, ...(state.running && { running: this.#fresh(state.running) }) });
      }
    }
    await known.save(states);
    if (scopes.some((name) => !watched.has(name))) await known.saveScopes(scopes.filter((name) => watched.has(name)));
    for (const name of scopes) if (watched.has(name)) this.#listed.add(name);
  }

  /** The time in which the service did not run does not count towards our own deadline. */
  #fresh = (running: NonNullable<KnownWorkload["running"]>) => ({ ...running, progressAtMs: this.#o.clock.now() });

  #observe(scope: Scope) {
    const read = (workload: Workload) =>
      seenWorkload(scope.kind, scope.namespace, workload, (uid) => this.#known.get(uid));
    return {
      listing: () => {
        const seen: SeenWorkload[] = [];
        return {
          each: (workload: Workload) => {
            const one = read(workload);
            if (one !== undefined) seen.push(one);
          },
          done: () => {
            // While the ledger is away, the newest list replaces everything that waits.
            if (this.#isFailing)
              this.#queue = this.#queue.filter((job) => job.kind === "stalls" || job.scope !== scope);
            this.#enqueue({ kind: "list", scope, seen });
          },
        };
      },
      event: (type: string, workload: Workload) => {
        const seen = read(workload);
        if (seen !== undefined) this.#enqueue({ kind: "event", scope, isDeleted: type === "DELETED", seen });
      },
      followed: () => scope.status.followed(),
      failed: (_: string, reason: ApiFailureReason, message: string | null) => scope.status.failed(reason, message),
    };
  }

  #enqueue(job: Job): void {
    if (this.#stopped) return;
    if (this.#queue.length >= maxQueued) {
      this.#queue = [];
      for (const watch of this.#watches) void watch.refresh();
      return;
    }
    this.#queue.push(job);
    this.#pumping ??= this.#pump().finally(() => (this.#pumping = undefined));
  }

  async #pump(): Promise<void> {
    for (let job = this.#queue.shift(); job !== undefined && !this.#stopped; job = this.#queue.shift()) {
      const current = job;
      await this.#untilDone(() => this.#perform(current));
    }
  }

  /** Repeats an action while the ledger cannot commit. Every action may be repeated. */
  async #untilDone(action: () => Promise<void>): Promise<void> {
    const { log, clock } = this.#o;
    while (!this.#stopped) {
      try {
        await action();
        this.#isFailing = false;
        return;
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) {
          log.error(
            { event: "rollout_bug", err: error, reason: "bug" },
            "A change of a workload was not recorded because of a bug",
          );
          return;
        }
        this.#isFailing = true;
        const leftOut = this.#throttle.pass("ledger");
        if (leftOut)
          log.warn(
            { event: "rollouts_waiting", err: error, ...leftOut },
            "Rollouts wait until the ledger can record them",
          );
        await new Promise<void>((resolve) => {
          const cancel = clock.after(retryMs, resolve);
          this.#interrupt = () => {
            cancel();
            resolve();
          };
        });
      }
    }
  }

  async #perform(job: Job): Promise<void> {
    if (job.kind === "list") return this.#performList(job.scope, job.seen);
    if (job.kind === "stalls") return this.#performStalls();
    const { seen, isDeleted } = job;
    const nowMs = this.#o.clock.now();
    const before = this.#known.get(seen.uid);
    if (isDeleted) {
      if (before !== undefined)
        await this.#commit(new Map([[seen.uid, advanceToDeletion(before, { after: seen, nowMs })]]));
      return;
    }
    await this.#commit(new Map([[seen.uid, advance(before, seen, { isFirst: !this.#isListed(job.scope), nowMs })]]));
  }

  async #performList(scope: Scope, list: readonly SeenWorkload[]): Promise<void> {
    const nowMs = this.#o.clock.now();
    const isFirst = !this.#isListed(scope);
    const listed = new Set(list.map(({ uid }) => uid));
    // Another replica may have recorded the changes that happened while this one did not watch.
    const changed = list.filter(({ uid, generation }) => (this.#known.get(uid)?.generation ?? -1) < generation);
    const stored = await this.#o.known.reload(changed.map(({ uid }) => uid));
    for (const { uid, generation } of changed) {
      const other = stored.get(uid);
      const ours = this.#known.get(uid)?.generation ?? -1;
      if (other !== undefined && other.generation > ours && other.generation <= generation) {
        const { unrecorded: _, ...state } = other;
        this.#keep(uid, state);
      }
    }
    const advances = new Map<string, Advance>();
    for (const [uid, before] of this.#known)
      if (before.kind === scope.kind && before.namespace === scope.namespace && !listed.has(uid)) {
        // With another label selector, workloads may be missing that still exist.
        const gone = { known: undefined, changes: [], isWorthKeeping: true };
        advances.set(uid, isFirst ? gone : advanceToDeletion(before, { nowMs }));
      }
    for (const seen of list) advances.set(seen.uid, advance(this.#known.get(seen.uid), seen, { isFirst, nowMs }));
    await this.#commit(advances);
    if (isFirst) {
      await this.#o.known.saveScopes([...new Set([...(await this.#o.known.scopes()), scope.name])]);
      this.#listed.add(scope.name);
    }
    scope.status.listed();
  }

  async #performStalls(): Promise<void> {
    const { clock, settings } = this.#o;
    const nowMs = clock.now();
    const reason = `no pod was replaced or became ready for ${settings.progressDeadline / 1_000} s`;
    const stalled = Array.from(this.#timed, (uid) => this.#known.get(uid)).filter(
      (one) => one !== undefined && isStalled(one, nowMs, settings.progressDeadline),
    );
    await this.#commit(
      new Map(stalled.flatMap((one) => (one === undefined ? [] : [[one.uid, advanceToStall(one, reason)]]))),
    );
    this.#planStalls();
  }

  #isListed = ({ name }: Scope): boolean => this.#listed.has(name);

  /** Stores the new states and records the changes. @throws LedgerUnavailable; then nothing is known to be recorded */
  async #commit(advances: ReadonlyMap<string, Advance>): Promise<void> {
    const { known } = this.#o;
    const worth = [...advances].filter(([, { isWorthKeeping }]) => isWorthKeeping);
    const changing = worth.filter(([, { changes }]) => changes.length > 0);
    if (changing.length > 0) {
      const intended = changing.map(([uid, { known: after, changes }]) => {
        const state = after ?? this.#known.get(uid);
        return [uid, state && { ...state, unrecorded: changes }] as const;
      });
      await known.save(new Map(intended));
      await this.#accept(changing.flatMap(([, { changes }]) => changes));
    }
    if (worth.length > 0) await known.save(new Map(worth.map(([uid, { known: after }]) => [uid, after])));
    for (const [uid, { known: after }] of advances) this.#keep(uid, after);
    this.#planStalls();
  }

  async #accept(changes: Parameters<AcceptChanges>[0]): Promise<void> {
    for (let from = 0; from < changes.length; from += chunk)
      await this.#o.acceptChanges(changes.slice(from, from + chunk));
  }

  #keep(uid: string, state: KnownWorkload | undefined): void {
    if (state === undefined) this.#known.delete(uid);
    else this.#known.set(uid, state);
    if (state?.running !== undefined && state.kind !== "Deployment") this.#timed.add(uid);
    else this.#timed.delete(uid);
  }

  /** Looks for rollouts without progress when the first of them reaches our deadline. */
  #planStalls(): void {
    this.#cancelStalls?.();
    this.#cancelStalls = undefined;
    if (this.#timed.size === 0 || this.#stopped) return;
    const { clock, settings } = this.#o;
    const since = Array.from(this.#timed, (uid) => this.#known.get(uid)?.running?.progressAtMs ?? clock.now());
    const waitMs = Math.max(100, Math.min(...since) + settings.progressDeadline - clock.now());
    this.#cancelStalls = clock.after(waitMs, () => this.#enqueue({ kind: "stalls" }));
  }
}
