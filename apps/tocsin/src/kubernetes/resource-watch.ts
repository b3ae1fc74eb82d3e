import type { Clock } from "@tocsin/core";
import { ApiFailure, type ApiFailureReason } from "./api-failure.ts";
import { failureOf, type KubernetesApi } from "./api.ts";
import { type ApiObject, type Collection, currentVersion, listObjects, watchObjects } from "./watch-objects.ts";

/** Approximate duration of one watch. After it a new request shows that the server still answers. */
const watchSeconds = 30;

/**
 * Wait after the first failure. Each further failure doubles it, up to the maximum. The wait is random between half of it and
 * all of it.
 */
const backoff = { firstMs: 100, maxMs: 1_500 };

/** A watch that ended sooner than this does not show that the server works. */
const provenMs = 1_000;

/**
 * Failures that happen now and then and are repaired at once. They are counted, and reported only when they happen twice in a
 * row.
 */
const passing: ReadonlySet<ApiFailureReason> = new Set(["network", "expired", "unauthorized"]);

/** Receives the objects and the state of a watch. Its methods are called one after the other and must not throw. */
export interface ResourceObserver<T> {
  /** A list begins. Its objects are invalid unless `done` is called. */
  listing(): {
    each(object: T): void;
    /** All objects were given. */
    done(): void;
  };
  event(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
  /** From now on changes are seen. */
  followed(): void;
  /** `message` is null when the failure is to be counted but not reported yet. */
  failed(operation: "list" | "watch", reason: ApiFailureReason, message: string | null): void;
}

export interface ResourceWatchOptions<T> {
  readonly api: KubernetesApi;
  readonly collection: Collection;
  /** All objects are listed again at this interval, even if the watch reports no change. */
  readonly resyncMs: number;
  readonly observer: ResourceObserver<T>;
  readonly clock: Clock;
  /** 0 to 1, for jitter. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/**
 * Follows the objects of one kind in one namespace.
 *
 * ```
 *   list ──▶ watch ──ended──▶ compare ──▶ watch from the version that was reached … ──resync is due──▶ list
 *    ▲         │                 │ the server is at an older version: it was restored from a backup
 *    └─ wait ──┴─────────────────┴── any failure: the server may have been restored from a backup
 * ```
 */
export class ResourceWatch<T extends ApiObject> {
  readonly #o: ResourceWatchOptions<T>;
  readonly #random: () => number;
  #listAgainAtMs = 0;
  /** Callers that wait for a list that starts after their call. */
  #refreshing: (() => void)[] = [];
  /** Aborts the current wait: for a response, for the next event, or for the backoff. */
  #interrupt = new AbortController();
  #listing = false;
  #establishedAtMs: number | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: ResourceWatchOptions<T>) {
    this.#o = options;
    this.#random = options.random ?? Math.random;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Lists everything now. Resolves when the list has ended, whether it succeeded or failed. */
  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#refreshing.push(resolve);
      // A running list ends first, because other callers may wait for it.
      if (!this.#listing) this.#interrupt.abort();
    });
  }

  /** Lists everything again when the current watch ends. */
  listSoon(): void {
    this.#listAgainAtMs = this.#o.clock.monotonic();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#interrupt.abort();
    await this.#running;
    for (const resolve of this.#refreshing.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      const interrupt = (this.#interrupt = new AbortController());
      const refreshing = this.#refreshing.splice(0);
      let doing: "list" | "watch" = "list";
      this.#establishedAtMs = undefined;
      try {
        const version = await this.#list(interrupt.signal);
        for (const resolve of refreshing.splice(0)) resolve();
        if (this.#refreshing.length > 0) continue;
        doing = "watch";
        await this.#follow(version, interrupt.signal);
        failures = 0;
      } catch (error) {
        for (const resolve of refreshing) resolve();
        // The request was aborted by a refresh or by the stop: this is no failure.
        if (interrupt.signal.aborted) continue;
        const failure = failureOf(error);
        const { clock, observer } = this.#o;
        const proven = this.#establishedAtMs !== undefined && clock.monotonic() - this.#establishedAtMs >= provenMs;
        failures = proven ? 1 : failures + 1;
        const quiet = failures === 1 && passing.has(failure.reason);
        observer.failed(doing, failure.reason, quiet ? null : failure.message);
        await this.#wait(failures, failure, interrupt.signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { api, collection, observer } = this.#o;
    this.#listing = true;
    const listing = observer.listing();
    const each = (object: ApiObject) => listing.each(object as T);
    const version = await listObjects(api, collection, { each, signal }).finally(() => {
      this.#listing = false;
    });
    listing.done();
    return version;
  }

  /** Returns when the next list is due. */
  async #follow(from: string, signal: AbortSignal): Promise<void> {
    const { api, clock, collection, observer, resyncMs } = this.#o;
    this.#listAgainAtMs = clock.monotonic() + resyncMs * (0.9 + 0.2 * this.#random());
    let version = from;
    let hasty = 0;
    for (let watches = 0; !signal.aborted && clock.monotonic() < this.#listAgainAtMs; watches++) {
      if (watches > 0 && isOlder(await currentVersion(api, collection, signal), version)) throw wentBack();
      let reached = false;
      const leftSeconds = Math.ceil((this.#listAgainAtMs - clock.monotonic()) / 1_000);
      const seconds = Math.max(1, Math.min(leftSeconds, Math.round(watchSeconds * (0.9 + 0.2 * this.#random()))));
      const watcher = {
        established: () => {
          this.#establishedAtMs = clock.monotonic();
          observer.followed();
        },
        event: (type: "ADDED" | "MODIFIED" | "DELETED", object: T) => observer.event(type, object),
        reached: (to: string) => {
          if (isOlder(to, version)) throw wentBack();
          version = to;
          reached = true;
        },
      };
      await watchObjects<T>(api, collection, { version, seconds, watcher, signal });
      const lastedMs = clock.monotonic() - (this.#establishedAtMs ?? 0);
      // A proxy between us and the server ends watches as soon as they start: wait, so that this causes no storm of
      // requests.
      hasty = !reached && lastedMs < provenMs ? hasty + 1 : 0;
      if (hasty > 0) await this.#wait(hasty, undefined, signal);
    }
  }

  #wait(failures: number, failure: ApiFailure | undefined, signal: AbortSignal): Promise<void> {
    const fullMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** (failures - 1));
    const waitMs = failure?.retryAfterMs ?? fullMs * (0.5 + 0.5 * this.#random());
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#o.clock.after(waitMs, resolve);
      signal.addEventListener(
        "abort",
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}

/**
 * Resource versions are opaque, so this decides only whether to list again: if they look like numbers and go backwards, the
 * server was restored from a backup without our knowledge.
 */
const isOlder = (to: string, from: string): boolean =>
  /^\d+$/.test(to) && /^\d+$/.test(from) && Number(to) < Number(from);

const wentBack = () => new ApiFailure("expired", "the server went back to an older version");
