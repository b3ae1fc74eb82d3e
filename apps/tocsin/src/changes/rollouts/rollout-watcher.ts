import { type Clock, LedgerUnavailable } from "@tocsin/core";
import { Problem } from "../../http/problem.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { type ResourceObserver, ResourceWatch } from "../../kubernetes/resource-watch.ts";
import { LogThrottle } from "../../telemetry/log-throttle.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { KnownWorkload } from "./known-workload.ts";
import { RolloutRecorder, type RolloutRecorderOptions, type Scope } from "./rollout-recorder.ts";
import type { RolloutSettings } from "./rollout-settings.ts";
import { type FailingPlace, type RolloutMetrics, ScopeStatus } from "./scope-status.ts";
import { type SeenWorkload, seenWorkload } from "./seen-workload.ts";
import type { Workload } from "./workload.ts";

/** Number of workloads per list request: 1.5 MB is the largest object that Kubernetes stores. */
const pageSize = 20;

/** All workloads are listed again at this interval, even if the watch reports no change. */
const resyncMs = 600_000;

/** Most versions that are recorded together. */
const chunk = 500;

/** Wait before the next try after the ledger failed. */
const retryMs = 1_000;

/** More events than this do not wait for the ledger: they are dropped, and everything is listed again. */
const maxQueued = 10_000;

/** The ledger cannot commit now, or the service is stopping. */
const isPassing = (error: unknown): boolean =>
  error instanceof LedgerUnavailable || (error instanceof Problem && error.status === 503);

export interface RolloutWatcherOptions extends Pick<RolloutRecorderOptions, "known" | "acceptChanges"> {
  readonly settings: Omit<RolloutSettings, "enabled" | "kubeconfig">;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: RolloutMetrics;
}

interface WatchedScope extends Scope {
  readonly status: ScopeStatus;
}

interface VersionJob {
  readonly kind: "version";
  readonly scope: WatchedScope;
  readonly seen: SeenWorkload;
}

type Job =
  | VersionJob
  | { readonly kind: "list"; readonly scope: WatchedScope; readonly seen: readonly SeenWorkload[] }
  | { readonly kind: "deletion"; readonly scope: WatchedScope; readonly seen: SeenWorkload }
  | { readonly kind: "stalls" };

/**
 * Watches workloads, and passes their versions to the recorder one after the other.
 *
 * ```
 *   list, watch (per kind and namespace) ──▶ queue ──▶ recorder ──ledger is away──▶ the same again
 * ```
 */
export class RolloutWatcher {
  readonly #o: RolloutWatcherOptions;
  readonly #scopes: readonly WatchedScope[];
  readonly #watches: readonly ResourceWatch<Workload>[];
  readonly #recorder: RolloutRecorder;
  readonly #throttle: LogThrottle;
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
    const { settings, api, known, acceptChanges, clock, log, metrics } = options;
    const { namespaces, kinds, labelSelector, progressDeadline: progressDeadlineMs } = settings;
    this.#throttle = new LogThrottle(clock);
    this.#recorder = new RolloutRecorder({ known, acceptChanges, clock, progressDeadlineMs });
    this.#scopes = namespaces.flatMap((namespace) =>
      kinds.map((kind) => ({
        kind,
        namespace,
        name: [namespace, kind, labelSelector].join("/"),
        status: new ScopeStatus({ namespace, kind }, { clock, log, metrics }),
      })),
    );
    this.#watches = this.#scopes.map((scope) => {
      const path = `/apis/apps/v1/namespaces/${encodeURIComponent(scope.namespace)}/${scope.kind.toLowerCase()}s`;
      const collection = { path, labelSelector, pageSize };
      return new ResourceWatch<Workload>({ api, collection, resyncMs, clock, observer: this.#observe(scope) });
    });
  }

  /** Number of watches. */
  get count(): number {
    return this.#scopes.length;
  }

  /** The watches that fail now. */
  get failing(): readonly FailingPlace[] {
    return this.#scopes.map(({ status }) => status.failing).filter((failing) => failing !== undefined);
  }

  /** The state up to which the changes of a workload are recorded; undefined: the workload is not known. */
  known(uid: string): KnownWorkload | undefined {
    return this.#recorder.known(uid);
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
    try {
      await this.#recorder.saveOpen();
    } catch (error) {
      // The next scaling may then name an older number of replicas.
      if (!isPassing(error)) throw error;
    }
    for (const { status } of this.#scopes) status.ended();
  }

  async #begin(): Promise<void> {
    await this.#untilDone(() => this.#recorder.load(this.#scopes));
    if (this.#stopped) return;
    for (const watch of this.#watches) watch.start();
    this.#planStalls();
  }

  #observe(scope: WatchedScope): ResourceObserver<Workload> {
    const read = (workload: Workload) =>
      seenWorkload(scope.kind, scope.namespace, workload, (uid) => this.#recorder.known(uid));
    return {
      listing: () => {
        const seen: SeenWorkload[] = [];
        return {
          each(workload) {
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
      event: (type, workload) => {
        const seen = read(workload);
        const kind = type === "DELETED" ? "deletion" : "version";
        if (seen !== undefined) this.#enqueue({ kind, scope, seen });
      },
      followed: () => scope.status.followed(),
      failed: (_, reason, message) => scope.status.failed(reason, message),
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
      if (current.kind === "version") {
        const versions = [current, ...this.#takeVersions(current)];
        await this.#untilDone(() => this.#recorder.versions(versions));
      } else await this.#untilDone(() => this.#perform(current));
      this.#planStalls();
    }
  }

  /** Takes the versions of other workloads that follow in the queue, so that they share the commits. */
  #takeVersions(first: VersionJob): VersionJob[] {
    const uids = new Set([first.seen.uid]);
    const taken: VersionJob[] = [];
    for (let job = this.#queue[0]; job?.kind === "version" && taken.length < chunk; job = this.#queue[0]) {
      if (uids.has(job.seen.uid)) break;
      uids.add(job.seen.uid);
      taken.push(job);
      this.#queue.shift();
    }
    return taken;
  }

  async #perform(job: Exclude<Job, VersionJob>): Promise<void> {
    if (job.kind === "stalls") return this.#recorder.stalls();
    if (job.kind === "deletion") return this.#recorder.deletion(job.seen);
    await this.#recorder.list(job.scope, job.seen);
    job.scope.status.listed();
  }

  /** Repeats an action while the ledger cannot commit. */
  async #untilDone(action: () => Promise<void>): Promise<void> {
    const { log, clock } = this.#o;
    while (!this.#stopped) {
      try {
        await action();
        this.#isFailing = false;
        return;
      } catch (error) {
        if (!isPassing(error)) {
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

  /** Looks for rollouts without progress when the first of them reaches our deadline. */
  #planStalls(): void {
    this.#cancelStalls?.();
    this.#cancelStalls = undefined;
    const { stallsAtMs } = this.#recorder;
    if (stallsAtMs === undefined || this.#stopped) return;
    const { clock } = this.#o;
    const waitMs = Math.max(100, stallsAtMs - clock.now());
    this.#cancelStalls = clock.after(waitMs, () => this.#enqueue({ kind: "stalls" }));
  }
}
