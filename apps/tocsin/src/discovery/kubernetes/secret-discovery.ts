import type { Clock, ReadSecret } from "@tocsin/core";

import type { WrittenTarget } from "../../written-target.ts";
import type { Discovery, DiscoveryObserver, DiscoveryReason, DiscoveryStanding } from "../discovery.ts";
import { Knowledge } from "../knowledge.ts";
import { ApiFailure } from "./api-failure.ts";
import { failureOf, type KubernetesApi } from "./api.ts";
import { listSecrets, watchSecrets } from "./secret-stream.ts";
import { type SecretObject, targetOfSecret } from "./target-secret.ts";

/** One watch lasts so long, give or take: then a new request shows that the server is still there. */
const watchSeconds = 30;

/** Wait after the first failure, doubled by each further one up to the longest. Random from half of it to all. */
const backoff = { firstMs: 100, longestMs: 1_500 };

/** A watch that ended sooner than this proves nothing of the server. */
const provenMs = 1_000;

/** What happens now and then and is made good at once: it is counted, and only worth a word when it happens again. */
const passing: ReadonlySet<DiscoveryReason> = new Set(["network", "expired", "unauthorized"]);

export interface SecretDiscoveryOptions {
  readonly namespace: string;
  readonly labelSelector: string;
  /** How often everything is listed anew, whatever the watch says. */
  readonly resyncMs: number;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** 0 to 1, for jitter. @default Math.random */
  readonly random?: () => number;
}

interface Known {
  /** What it says, to tell whether that changed: versions may be given twice, by a server that was restored. */
  readonly says: string;
  readonly target: WrittenTarget;
}

/**
 * The Secrets of one namespace that carry the label.
 *
 * ```
 *   list ──▶ watch ──ended──▶ watch from the version that was reached … ──resync is due──▶ list
 *    ▲         │
 *    └─ wait ──┴── whatever failed: behind a failure may be a server that was restored, whose versions are older
 * ```
 */
export class SecretDiscovery implements Discovery {
  readonly source = "kubernetes";
  readonly where: string;
  readonly #o: SecretDiscoveryOptions;
  readonly #random: () => number;
  readonly #knowledge: Knowledge;
  #observer: DiscoveryObserver | undefined;
  /** By name. Undefined: never listed. */
  #secrets: Map<string, Known> | undefined;
  #sorted: readonly WrittenTarget[] | undefined;
  /** Who waits for a list that begins from now on. */
  #refreshing: (() => void)[] = [];
  /** Ends what is waited for: an answer, the next event, the backoff. */
  #interrupt = new AbortController();
  #listing = false;
  #establishedAtMs: number | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SecretDiscoveryOptions) {
    this.#o = options;
    this.#random = options.random ?? Math.random;
    this.where = options.namespace;
    this.#knowledge = new Knowledge(options.clock, () => this.#observer);
  }

  get targets(): readonly WrittenTarget[] | undefined {
    if (this.#secrets === undefined) return undefined;
    return (this.#sorted ??= [...this.#secrets.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { target }]) => target));
  }

  get standing(): DiscoveryStanding {
    return this.#knowledge.standing;
  }

  /** Whoever may write Secrets must not read our files and environment through them. */
  readonly readSecret: ReadSecret = (input) => {
    if (typeof input === "string") return input;
    throw new Error("in a Secret, write the value itself");
  };

  start(observer: DiscoveryObserver): void {
    this.#observer = observer;
    this.#running = this.#run();
  }

  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#refreshing.push(resolve);
      // A list that is under way ends first: others may wait for it.
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
        // A refresh or the end, no failure.
        if (interrupt.signal.aborted) continue;
        const failure = failureOf(error);
        const { clock } = this.#o;
        const proven = this.#establishedAtMs !== undefined && clock.monotonic() - this.#establishedAtMs >= provenMs;
        failures = proven ? 1 : failures + 1;
        const quiet = failures === 1 && passing.has(failure.reason);
        this.#knowledge.failed(doing, failure.reason, quiet ? null : failure.message);
        await this.#wait(failures, failure, interrupt.signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    this.#listing = true;
    const { secrets, version } = await listSecrets(this.#o.api, this.#selection, signal).finally(() => {
      this.#listing = false;
    });
    const before = this.#secrets;
    const after = new Map<string, Known>();
    for (const secret of secrets) after.set(nameOf(secret), known(secret, before?.get(nameOf(secret))));
    const changed =
      after.size !== before?.size || [...after].some(([name, { target }]) => target !== before.get(name)?.target);
    this.#secrets = after;
    this.#knowledge.synced();
    if (changed) this.#changed();
    return version;
  }

  /** Returns when it is time to list anew. */
  async #follow(from: string, signal: AbortSignal): Promise<void> {
    const { api, clock, resyncMs } = this.#o;
    const untilMs = clock.monotonic() + resyncMs * (0.9 + 0.2 * this.#random());
    let version = from;
    let hasty = 0;
    while (!signal.aborted && clock.monotonic() < untilMs) {
      let reached = false;
      const seconds = Math.round(watchSeconds * (0.9 + 0.2 * this.#random()));
      const watcher = {
        established: () => {
          this.#establishedAtMs = clock.monotonic();
          this.#knowledge.followed();
        },
        event: (type: string, secret: SecretObject) => this.#event(type, secret),
        reached: (to: string) => {
          if (isOlder(to, version)) throw new ApiFailure("expired", "the server went back to an older version");
          version = to;
          reached = true;
        },
      };
      await watchSecrets(api, this.#selection, { version, seconds, watcher, signal });
      const lastedMs = clock.monotonic() - (this.#establishedAtMs ?? 0);
      // Something between us and the server ends watches as they begin: it must not become a storm of requests.
      hasty = !reached && lastedMs < provenMs ? hasty + 1 : 0;
      if (hasty > 0) await this.#wait(hasty, undefined, signal);
    }
  }

  #event(type: string, secret: SecretObject): void {
    const name = nameOf(secret);
    const before = this.#secrets?.get(name);
    if (type === "DELETED") {
      if (this.#secrets?.delete(name)) this.#changed();
      return;
    }
    const after = known(secret, before);
    this.#secrets?.set(name, after);
    if (after !== before) this.#changed();
  }

  #changed(): void {
    this.#sorted = undefined;
    this.#observer?.changed();
  }

  get #selection() {
    const { namespace, labelSelector } = this.#o;
    return { namespace, labelSelector };
  }

  #wait(failures: number, failure: ApiFailure | undefined, signal: AbortSignal): Promise<void> {
    const fullMs = Math.min(backoff.longestMs, backoff.firstMs * 2 ** (failures - 1));
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

const nameOf = ({ metadata }: SecretObject): string => metadata?.name ?? "";

/**
 * Versions are only to be handed back, so this decides nothing but to list anew: where they look like numbers and go
 * backwards, the server was restored behind our back.
 */
const isOlder = (to: string, from: string): boolean =>
  /^\d+$/.test(to) && /^\d+$/.test(from) && Number(to) < Number(from);

/** The same as before where it says the same. */
function known(secret: SecretObject, before: Known | undefined): Known {
  const says = JSON.stringify(secret.data ?? {});
  return before?.says === says ? before : { says, target: targetOfSecret(secret) };
}
