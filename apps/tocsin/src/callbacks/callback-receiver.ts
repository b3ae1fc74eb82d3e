import type { Clock, ReceiverEvent, ReceiverEventEffect, ReceiverEvents } from "@tocsin/core";
import type { SignedRequest } from "../changes/sources/verifier.ts";
import type { Readiness } from "../health/readiness.ts";
import { unavailable } from "../http/problem.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import type { CallbackOutcome } from "../telemetry/intake-metrics.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Callback } from "./callback.ts";
import type { Callbacks, VerifiedCallback } from "./callbacks.ts";
import type { FailingCallback } from "./failing-callback.ts";
import { fullNames } from "./full-names.ts";
import type { KeyClient, KeyLookUps } from "./key-look-ups.ts";
import { RefusedInARow } from "./refused-in-a-row.ts";

export interface CallbackReceiverOptions {
  readonly ledger: ReceiverEvents;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: { readonly callbackReceived: (callback: string, outcome: CallbackOutcome) => void };
  readonly readiness: Pick<Readiness, "stopping">;
  readonly targets: Pick<TargetRegistry, "find" | "restClientOf">;
  /** Wakes the worker: there may be due work. */
  readonly wake: () => void;
}

/** Receives what receivers report. The code that reads it is loaded only if the configuration has callbacks. */
export class CallbackReceiver {
  readonly #o: CallbackReceiverOptions;
  readonly #refused: RefusedInARow;
  #configured: readonly Callback[] = [];
  #callbacks: Pick<Callbacks, "verify" | "has"> | undefined;
  #lookUps: KeyLookUps | undefined;
  #started = false;

  constructor(options: CallbackReceiverOptions) {
    this.#o = options;
    this.#refused = new RefusedInARow(options.clock);
  }

  /** Uses these callbacks from now on. */
  async use(callbacks: readonly Callback[]): Promise<void> {
    const loaded = callbacks.length === 0 ? undefined : await import("./callbacks.ts");
    const { targets } = this.#o;
    this.#callbacks =
      loaded &&
      new loaded.Callbacks(callbacks, {
        find(name) {
          const entry = targets.find(name);
          return entry?.target && { name: entry.name, type: entry.target.type };
        },
        hasRestToken: (name) => targets.restClientOf(name) !== undefined,
      });
    this.#configured = callbacks;
    this.#refused.keep((name) => callbacks.some((callback) => callback.name === name));
    await this.#useLookUps();
  }

  /** Begins to look up keys. The targets are known now. */
  async start(): Promise<void> {
    this.#started = true;
    await this.#useLookUps();
  }

  async stop(): Promise<void> {
    this.#started = false;
    await this.#lookUps?.stop();
  }

  /** Returns the callback of a request. Undefined: there is none with this name and secret; the reason is for the log. */
  verify(name: string, request: SignedRequest): VerifiedCallback | { readonly refused: string } {
    const verified = this.#callbacks?.verify(name, request) ?? { refused: "the configuration has no callbacks" };
    const isKnown = this.#callbacks?.has(name) === true;
    if ("refused" in verified) {
      this.count(isKnown ? name : "unknown", "refused");
      if (isKnown) this.#refused.refused(name, verified.refused);
    } else this.#refused.accepted(name);
    return verified;
  }

  /**
   * Stores an event. Resolves after the commit.
   *
   * @throws LedgerUnavailable; the receiver repeats the event after a 503
   * @throws Problem 503 if the service is stopping
   */
  async store(event: ReceiverEvent): Promise<ReceiverEventEffect> {
    const { ledger, readiness, wake } = this.#o;
    if (readiness.stopping) throw unavailable("the service is stopping");
    const storing = ledger.storeReceiverEvents([event]);
    // In the same tick, so that the worker's lease shares the commit that stores.
    wake();
    const [effect = "unknown"] = await storing;
    this.count(event.callback, effect);
    if (effect === "pending") {
      await this.#useLookUps();
      this.#lookUps?.wake();
    }
    return effect;
  }

  count(callback: string, outcome: CallbackOutcome): void {
    this.#o.metrics.callbackReceived(callback, outcome);
  }

  /** Whether messages at this target have buttons: a callback of Slack names it. */
  hasButtonsAt(target: string): boolean {
    return this.#configured.some(({ type, targets }) => type === "slack" && this.#namesOf(targets).includes(target));
  }

  /** The callbacks that fail now. */
  get failing(): readonly FailingCallback[] {
    const failing = this.#lookUps?.failing ?? [];
    if (failing.length === 0) return this.#refused.failing;
    const asking = this.#configured.flatMap(({ name, targets }) => {
      // Only targets that can be asked now: a removed token ends the failure.
      const names = this.#clientsOf(targets).map(({ target }) => target);
      const [longest] = failing
        .filter(({ target }) => names.includes(target))
        .toSorted((a, b) => a.sinceMs - b.sinceMs);
      if (longest === undefined) return [];
      const { sinceMs, error } = longest;
      const what = `the receiver's API does not say which alerts its incidents have: ${error}`;
      return [{ callback: name, sinceMs, error: what }];
    });
    return [...this.#refused.failing, ...asking];
  }

  #namesOf(written: readonly string[]): string[] {
    return fullNames(written, (name) => this.#o.targets.find(name));
  }

  /** Loads the look-ups if a callback needs them. Once loaded, they stay: without a token they find nothing to do. */
  async #useLookUps(): Promise<void> {
    if (!this.#started || this.#lookUps !== undefined || !this.#needsLookUps()) return;
    const { KeyLookUps: LookUps } = await import("./key-look-ups.ts");
    if (!this.#started || this.#lookUps !== undefined) return;
    this.#lookUps = new LookUps({
      ...this.#o,
      clientsOf: (names) => this.#clientsOf(names),
      applied: (callback, effect) => {
        this.count(callback, effect);
        if (effect === "applied") this.#o.wake();
      },
    });
    this.#lookUps.wake();
  }

  #needsLookUps(): boolean {
    return this.#configured.some(({ type, targets }) => type === "pagerduty" && this.#clientsOf(targets).length > 0);
  }

  #clientsOf(names: readonly string[]): KeyClient[] {
    return this.#namesOf(names).flatMap((name) => {
      const client = this.#o.targets.restClientOf(name);
      return client === undefined
        ? []
        : [{ target: name, incidentAlertKeys: (id, signal) => client.incidentAlertKeys(id, signal) }];
    });
  }
}
