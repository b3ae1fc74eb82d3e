import type { Clock, ReadSecret } from "@tocsin/core";
import type { TargetDefinition } from "../../target-definition.ts";
import type { Discovery, DiscoveryObserver, DiscoveryReason, SyncState } from "../discovery.ts";
import { DiscoveryStatus } from "../discovery-status.ts";
import { ApiFailure } from "./api-failure.ts";
import { failureOf, type KubernetesApi } from "./api.ts";
import { KeptSecrets, nameOf } from "./kept-secrets.ts";
import { currentVersion, listSecrets, watchSecrets } from "./secret-stream.ts";
import type { SecretObject } from "./target-secret.ts";

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
const passing: ReadonlySet<DiscoveryReason> = new Set(["network", "expired", "unauthorized"]);

export interface SecretDiscoveryOptions {
  readonly namespace: string;
  readonly labelSelector: string;
  /** All Secrets are listed again at this interval, even if the watch reports no change. */
  readonly resyncMs: number;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** 0 to 1, for jitter. @default Math.random */
  readonly random?: () => number;
}

/**
 * Finds targets in the Secrets of one namespace that carry the label.
 *
 * ```
 *   list ──▶ watch ──ended──▶ compare ──▶ watch from the version that was reached … ──resync is due──▶ list
 *    ▲         │                 │ the server is at an older version: it was restored from a backup
 *    └─ wait ──┴─────────────────┴── any failure: the server may have been restored from a backup
 * ```
 */
export class SecretDiscovery implements Discovery {
  readonly source = "kubernetes";
  readonly where: string;
  readonly #o: SecretDiscoveryOptions;
  readonly #random: () => number;
  readonly #status: DiscoveryStatus;
  #observer: DiscoveryObserver | undefined;
  /** Undefined: never listed. */
  #secrets: KeptSecrets | undefined;
  #listAgainAtMs = 0;
  /** Callers that wait for a list that starts after their call. */
  #refreshing: (() => void)[] = [];
  /** Aborts the current wait: for a response, for the next event, or for the backoff. */
  #interrupt = new AbortController();
  #listing = false;
  #establishedAtMs: number | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SecretDiscoveryOptions) {
    this.#o = options;
    this.#random = options.random ?? Math.random;
    this.where = options.namespace;
    this.#status = new DiscoveryStatus(options.clock, () => this.#observer);
  }

  get targets(): readonly TargetDefinition[] | undefined {
    return this.#secrets?.targets;
  }

  get syncState(): SyncState {
    return this.#status.syncState;
  }

  /** People who may write Secrets must not be able to read our files and environment through them. */
  readonly readSecret: ReadSecret = (input) => {
    if (typeof input === "string") return input;
    throw new Error("in a Secret, a key must hold the value itself, not a file or a variable");
  };

  start(observer: DiscoveryObserver): void {
    this.#observer = observer;
    this.#running = this.#run();
  }

  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#refreshing.push(resolve);
      // A running list ends first, because other callers may wait for it.
      if (!this.#listing) this.#interrupt.abort();
    });
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
        const { clock } = this.#o;
        const proven = this.#establishedAtMs !== undefined && clock.monotonic() - this.#establishedAtMs >= provenMs;
        failures = proven ? 1 : failures + 1;
        const quiet = failures === 1 && passing.has(failure.reason);
        this.#status.failed(doing, failure.reason, quiet ? null : failure.message);
        await this.#wait(failures, failure, interrupt.signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    this.#listing = true;
    const before = this.#secrets;
    const after = new KeptSecrets();
    const each = (secret: SecretObject) => void after.set(secret, before);
    const version = await listSecrets(this.#o.api, this.#selection, { each, signal }).finally(() => {
      this.#listing = false;
    });
    const changed = before === undefined || after.differsFrom(before);
    if (changed) this.#secrets = after;
    this.#status.synced();
    if (changed) this.#observer?.changed();
    return version;
  }

  /** Returns when the next list is due. */
  async #follow(from: string, signal: AbortSignal): Promise<void> {
    const { api, clock, resyncMs } = this.#o;
    this.#listAgainAtMs = clock.monotonic() + resyncMs * (0.9 + 0.2 * this.#random());
    let version = from;
    let hasty = 0;
    for (let watches = 0; !signal.aborted && clock.monotonic() < this.#listAgainAtMs; watches++) {
      if (watches > 0 && isOlder(await currentVersion(api, this.#selection, signal), version)) throw wentBack();
      let reached = false;
      const leftSeconds = Math.ceil((this.#listAgainAtMs - clock.monotonic()) / 1_000);
      const seconds = Math.max(1, Math.min(leftSeconds, Math.round(watchSeconds * (0.9 + 0.2 * this.#random()))));
      const watcher = {
        established: () => {
          this.#establishedAtMs = clock.monotonic();
          this.#status.followed();
        },
        event: (type: string, secret: SecretObject) => this.#event(type, secret),
        reached: (to: string) => {
          if (isOlder(to, version)) throw wentBack();
          version = to;
          reached = true;
        },
      };
      await watchSecrets(api, this.#selection, { version, seconds, watcher, signal });
      const lastedMs = clock.monotonic() - (this.#establishedAtMs ?? 0);
      // A proxy between us and the server ends watches as soon as they start: wait, so that this causes no storm of
      // requests.
      hasty = !reached && lastedMs < provenMs ? hasty + 1 : 0;
      if (hasty > 0) await this.#wait(hasty, undefined, signal);
    }
  }

  #event(type: string, secret: SecretObject): void {
    const secrets = this.#secrets;
    if (secrets === undefined) return;
    const changed = type === "DELETED" ? secrets.delete(nameOf(secret)) : secrets.set(secret);
    if (!changed) return;
    // There may now be room for targets that did not fit, and only a list returns their contents.
    if (secrets.crowded) this.#listAgainAtMs = this.#o.clock.monotonic();
    this.#observer?.changed();
  }

  get #selection() {
    const { namespace, labelSelector } = this.#o;
    return { namespace, labelSelector };
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
