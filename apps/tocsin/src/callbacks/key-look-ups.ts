import {
  type Clock,
  LedgerUnavailable,
  type ReceiverEvent,
  type ReceiverEventEffect,
  type ReceiverEvents,
} from "@tocsin/core";
import type { PagerDutyRest } from "@tocsin/publishers";
import type { Failing } from "../health/health-views.ts";
import type { Logger } from "../telemetry/logger.ts";
import { LogThrottle } from "../telemetry/log-throttle.ts";

/** Most events that are read from the ledger at once. */
const batchSize = 20;
/** Most requests to receivers at the same time. */
const maxAtOnce = 4;
/** The wait after a failure is the age of the event, between these two, so it doubles. */
const shortestWaitMs = 5_000;
const longestWaitMs = 10 * 60_000;
/** PagerDuty repeats a webhook for as long. An event that is older is given up with its next failure. */
const giveUpAfterMs = 48 * 3_600_000;
/** The ledger is asked at least this often, because another replica may have stopped before it looked up its events. */
const pollMs = 60_000;
const ledgerRetryMs = 5_000;

/** Asks a receiver with the `rest_token` of one target. */
export interface KeyClient extends Pick<PagerDutyRest, "incidentAlertKeys"> {
  /** Full name of the target. */
  readonly target: string;
}

export interface KeyLookUpsOptions {
  readonly ledger: Pick<ReceiverEvents, "pendingReceiverEvents" | "applyReceiverEvent" | "postponeReceiverEvent">;
  readonly clock: Clock;
  readonly log: Pick<Logger, "warn" | "error">;
  /** The clients of those of the targets that have a `rest_token` now. */
  readonly clientsOf: (targets: readonly string[]) => readonly KeyClient[];
  /** Called after each event that was applied. */
  readonly applied: (callback: string, effect: ReceiverEventEffect) => void;
}

/**
 * Looks up the dedup keys of the incidents whose events name none of ours: asks the receiver's API, and applies the events. A
 * failure postpones the event in the ledger, so a restart loses nothing. Each event is asked for at least once.
 */
export class KeyLookUps {
  readonly #o: KeyLookUpsOptions;
  readonly #throttle: LogThrottle;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** Events arrived while a round was running. */
  #again = false;
  #cancel = (): void => {};
  /** By target. */
  readonly #failing = new Map<string, Failing & { readonly target: string }>();

  constructor(options: KeyLookUpsOptions) {
    this.#o = options;
    this.#throttle = new LogThrottle(options.clock, { everyMs: 600_000 });
  }

  /** The last failure at each target, until the receiver answers. */
  get failing(): readonly (Failing & { readonly target: string })[] {
    return [...this.#failing.values()];
  }

  /** Looks up what waits, now. */
  wake(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#running !== undefined) {
      this.#again = true;
      return;
    }
    this.#cancel();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    const waitMs = await this.#rounds();
    this.#running = undefined;
    if (!this.#stopping.signal.aborted) this.#cancel = this.#o.clock.after(waitMs, () => this.wake());
  }

  /** Returns the time until the next round, ms. */
  async #rounds(): Promise<number> {
    const { ledger, clock, log } = this.#o;
    try {
      for (;;) {
        this.#again = false;
        const { events, nextAtMs } = await ledger.pendingReceiverEvents(batchSize);
        const postponedMs = await this.#lookUpAll(events);
        if (this.#stopping.signal.aborted) return pollMs;
        if (events.length === batchSize || this.#again) continue;
        const nextMs = nextAtMs === null ? pollMs : Math.max(0, nextAtMs - clock.now());
        return Math.min(pollMs, nextMs, ...postponedMs);
      }
    } catch (error) {
      if (error instanceof LedgerUnavailable) return ledgerRetryMs;
      log.error({ event: "callback_bug", err: error, reason: "bug" }, "Looking up the keys of incidents failed");
      return pollMs;
    }
  }

  /** Returns for how long events were postponed, ms. */
  async #lookUpAll(events: readonly ReceiverEvent[]): Promise<readonly number[]> {
    const waiting = events.toReversed();
    /** How long to wait before the targets are asked again, ms: one failure speaks for the other events of the round. */
    const heldBack = new Map<string, number>();
    const postponedMs: number[] = [];
    const lane = async (): Promise<void> => {
      for (let event = waiting.pop(); event !== undefined; event = waiting.pop()) {
        if (this.#stopping.signal.aborted) return;
        const waitMs = await this.#lookUp(event, heldBack);
        if (waitMs === undefined) continue;
        await this.#o.ledger.postponeReceiverEvent(event.callback, event.id, waitMs);
        postponedMs.push(waitMs);
      }
    };
    // All lanes end before this returns or throws, so `stop` leaves no request behind.
    const lanes = await Promise.allSettled(Array.from({ length: Math.min(maxAtOnce, events.length) }, lane));
    const failed = lanes.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    return postponedMs;
  }

  /** Returns how long the event must wait, ms. Undefined: it is done. */
  async #lookUp(event: ReceiverEvent, heldBack: Map<string, number>): Promise<number | undefined> {
    const { clock, clientsOf } = this.#o;
    const clients = event.receiverIncident === undefined ? [] : clientsOf(event.targets);
    const ageMs = Math.max(0, clock.now() - event.atMs);
    let waitMs = clients.length === 0 && event.receiverIncident !== undefined ? longestWaitMs : undefined;
    for (const client of clients) {
      const heldMs = heldBack.get(client.target);
      if (heldMs !== undefined) {
        waitMs = Math.max(waitMs ?? 0, heldMs);
        continue;
      }
      const found = await client.incidentAlertKeys(event.receiverIncident ?? "", this.#stopping.signal);
      if (this.#stopping.signal.aborted) return undefined;
      if (found.ok || found.failure.reason === "not_found") this.#failing.delete(client.target);
      if (found.ok) {
        await this.#apply(event, found.value);
        return undefined;
      }
      const { reason, detail, retryAfterMs = 0 } = found.failure;
      // Another target may have the account that the incident belongs to.
      if (reason === "not_found") continue;
      const ownWaitMs = Math.min(Math.max(ageMs, shortestWaitMs), longestWaitMs);
      const thisWaitMs = reason === "auth" ? longestWaitMs : Math.max(ownWaitMs, retryAfterMs);
      waitMs = Math.max(waitMs ?? 0, thisWaitMs);
      // An invalid answer may be about this incident only.
      if (reason !== "invalid") heldBack.set(client.target, Math.max(thisWaitMs, heldBack.get(client.target) ?? 0));
      this.#failed(client.target, reason, detail);
    }
    // Nothing can be asked, or no account knows the incident: it is not ours.
    if (waitMs === undefined) await this.#apply(event, []);
    else if (ageMs < giveUpAfterMs) return waitMs;
    else await this.#giveUp(event);
    return undefined;
  }

  async #apply({ callback, id }: ReceiverEvent, keys: readonly string[]): Promise<void> {
    this.#o.applied(callback, await this.#o.ledger.applyReceiverEvent(callback, id, keys));
  }

  async #giveUp(event: ReceiverEvent): Promise<void> {
    const { callback, receiverIncident: incident } = event;
    const leftOut = this.#throttle.pass(`give up ${callback}`);
    if (leftOut !== undefined)
      this.#o.log.warn(
        { event: "callback_event_given_up", callback, receiverIncident: incident, ...leftOut },
        "Gave up an event of a receiver: for 48 hours its API did not say which alerts the incident has",
      );
    await this.#apply(event, []);
  }

  #failed(target: string, reason: string, detail: string): void {
    const sinceMs = this.#failing.get(target)?.sinceMs ?? this.#o.clock.now();
    this.#failing.set(target, { target, error: detail, sinceMs });
    const leftOut = this.#throttle.pass(`${target} ${reason}`);
    if (leftOut === undefined) return;
    this.#o.log.warn(
      { event: "callback_look_up_failed", target, reason, detail, ...leftOut },
      "The receiver's API did not say which alerts an incident has: asking again later",
    );
  }
}
