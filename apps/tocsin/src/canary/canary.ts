import { type Clock, type Incident, type Ledger, LedgerUnavailable } from "@tocsin/core";
import type { CanaryFailure } from "../health/health-views.ts";
import { parsedValue } from "../heartbeats/learn-heard.ts";
import type { CredentialVault } from "../ledger/credential-vault.ts";
import { ownFingerprint, ownSource, prefixOf } from "../own-alerts/own-alert.ts";
import type { OwnAlerts } from "../own-alerts/own-alerts.ts";
import { heldBackOf } from "../targets/target-warnings.ts";
import type { ResolvedTarget } from "../targets/resolved-target.ts";
import type { ConfirmationMetrics } from "../telemetry/confirmation-metrics.ts";
import type { Logger } from "../telemetry/logger.ts";
import { canaryAlert } from "./canary-alert.ts";
import {
  type CanaryProof,
  type CanaryRound,
  type CanaryVerdict,
  failureOf,
  isOver,
  judgeRound,
  patienceMs,
} from "./canary-round.ts";
import type { CanarySettings } from "./canary-settings.ts";
import { whyNotPlayed } from "./why-not-played.ts";

/** Interval at which a round is followed. */
const tickMs = 1_000;

/** Longest time between two looks whether the next round is due. */
const maxIdleMs = 30_000;

/** After a longer time between two ticks this process stood still or did not run, so a late round says nothing about the target. */
const maxGapMs = 10_000;

/** The value under which the ledger keeps the current round. */
const canaryValue = "canary";

/** The current round, and the result of the last one that has one. */
interface StoredCanary {
  readonly round?: CanaryRound;
  readonly last?: CanaryVerdict & { readonly target: string; readonly failingSinceMs?: number };
}

export interface CanaryOptions {
  readonly ledger: Pick<Ledger, "getValue" | "putValue" | "readAlerts" | "incidents" | "firing" | "targetStatus">;
  readonly ownAlerts: Pick<OwnAlerts, "fire" | "endAllClaims">;
  readonly find: (target: string) => ResolvedTarget | undefined;
  /** How far a round at this target can be followed. */
  readonly proofAt: (target: string) => CanaryProof;
  /** Whether the receiver's API shows an incident. Called only if `proofAt` is `look_up`. Undefined: it does not answer. */
  readonly lookUp?: (target: string, dedupKey: string) => Promise<boolean | undefined>;
  readonly vault: Pick<CredentialVault, "identity">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<ConfirmationMetrics, "canarySuccess" | "canaryEnded">;
}

/**
 * Plays a marked incident through the whole path at regular intervals: recorded, delivered, confirmed by its receiver, resolved.
 * The ledger keeps the round, so a restart or another replica goes on with it:
 *
 * ```
 *   begun ──▶ alert fires ── proven, failed or late ──▶ alert ended ── resolve delivered, or late ──▶ done
 * ```
 *
 * All replicas follow the round. Each step has the same effect whichever replica takes it, so two that take it at once do no harm.
 */
export class Canary {
  readonly #o: CanaryOptions;
  #settings: CanarySettings;
  #cancel = (): void => {};
  #ticking: Promise<void> | undefined;
  /** When the last tick ended without a failure of the ledger, on the monotonic clock. */
  #tickedMs: number | undefined;
  #startedMs = 0;
  #shown: StoredCanary["last"];
  #isUnavailable = false;
  /** A round is followed. True at first: an earlier life may have left one. */
  #isRunning = true;

  constructor(settings: CanarySettings, options: CanaryOptions) {
    this.#settings = settings;
    this.#o = options;
  }

  use(settings: CanarySettings): void {
    this.#settings = settings;
  }

  start(): void {
    this.#startedMs = this.#o.clock.monotonic();
    this.#next();
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#ticking;
    if (this.#shown !== undefined) this.#o.metrics.canaryEnded(this.#shown.target);
  }

  /** The failure of the last round. Undefined: it succeeded, or there is no result yet. */
  get failure(): CanaryFailure | undefined {
    const last = this.#shown;
    if (last?.failed === undefined) return undefined;
    const { target, detail, failingSinceMs, atMs } = last;
    return { target, failure: failureOf(last), detail, sinceMs: failingSinceMs ?? atMs };
  }

  #next(): void {
    const idleMs = Math.min(this.#settings.every / 10, maxIdleMs);
    this.#cancel = this.#o.clock.after(this.#isRunning ? tickMs : Math.max(tickMs, idleMs), () => {
      this.#next();
      this.#ticking ??= this.#tryTick();
    });
  }

  async #tryTick(): Promise<void> {
    const { clock, log } = this.#o;
    try {
      await this.#tick();
      this.#tickedMs = clock.monotonic();
      this.#isUnavailable = false;
    } catch (error) {
      if (error instanceof LedgerUnavailable) this.#missedLedger();
      else log.error({ event: "canary_bug", err: error, reason: "bug" }, "Bug in the canary");
    } finally {
      this.#ticking = undefined;
    }
  }

  /** A round that cannot be recorded fails too, in this process only: there is no ledger that could keep its result. */
  #missedLedger(): void {
    const { clock, find } = this.#o;
    const { every, target } = this.#settings;
    const sinceMs = this.#tickedMs ?? this.#startedMs;
    if (this.#isUnavailable || clock.monotonic() - sinceMs < every + patienceMs(every)) return;
    this.#isUnavailable = true;
    const name = find(target)?.name ?? target;
    const verdict = { failed: "record", detail: "the ledger does not commit", proof: "delivery" } as const;
    this.#show({ ...verdict, target: name, atMs: clock.now() }, true);
  }

  async #tick(): Promise<void> {
    const { ledger } = this.#o;
    const stored = (parsedValue(await ledger.getValue(canaryValue)) ?? {}) as StoredCanary;
    // The ledger's clock is the same for all replicas.
    const { nowMs } = await ledger.readAlerts(ownSource, []);
    const { every, target } = this.#settings;
    if (stored.last !== undefined && !this.#isUnavailable) this.#show(stored.last, false);
    const { round } = stored;
    this.#isRunning = round !== undefined && round.done !== true;
    if (round !== undefined && round.done !== true) return this.#follow(round, stored, nowMs);
    const slot = `${target} ${every} ${Math.floor(nowMs / every)}`;
    if (round?.slot !== slot) await this.#begin(slot, stored, nowMs);
  }

  async #begin(slot: string, { last }: StoredCanary, nowMs: number): Promise<void> {
    const { ledger, ownAlerts, find, vault } = this.#o;
    const entry = find(this.#settings.target);
    const target = entry?.name ?? this.#settings.target;
    // Rounds whose place in the ledger was lost, for example because replicas had different configurations.
    for (const { fingerprint } of await ledger.firing({ prefix: prefixOf("canary"), limit: 100 }))
      await ownAlerts.endAllClaims(fingerprint, nowMs);
    const round = { slot, target, fingerprint: ownFingerprint("canary", slot, vault), startedAtMs: nowMs };
    const why = whyNotPlayed(entry);
    if (why !== undefined) {
      const verdict = { failed: "record", cause: why, detail: "", proof: "delivery", atMs: nowMs } as const;
      return this.#conclude({ ...round, done: true }, verdict, last);
    }
    // Before the alert: so a process that is killed in between leaves a round that others go on with.
    await this.#put({ round, ...(last && { last }) });
    this.#isRunning = true;
    await ownAlerts.fire(canaryAlert(round), [target]);
  }

  async #follow(round: CanaryRound, stored: StoredCanary, nowMs: number): Promise<void> {
    const { ledger, ownAlerts, clock, proofAt, lookUp } = this.#o;
    const waitMs = patienceMs(this.#settings.every);
    const { fingerprint, target } = round;
    const [view] = (await ledger.incidents({ fingerprint, limit: 1 })).incidents;
    if (round.endedAtMs !== undefined) return this.#followEnd(round, stored, { view, nowMs, waitMs });
    const hasGap = this.#tickedMs === undefined || clock.monotonic() - this.#tickedMs > maxGapMs;
    if (hasGap && nowMs - round.startedAtMs >= waitMs) return this.#end(round, stored, nowMs);
    if (view === undefined) await ownAlerts.fire(canaryAlert(round), [target]);
    const proof = proofAt(target);
    const isOpened = view?.incident.opened === true;
    const isFound = proof === "look_up" && isOpened && (await lookUp?.(target, fingerprint)) === true;
    const facts = view && { ...view.incident, reason: view.reason };
    const terms = { nowMs, patienceMs: waitMs, proof, isFound };
    let verdict = judgeRound(round, facts, terms);
    if (verdict?.failed === "deliver") {
      const status = (await ledger.targetStatus("held_back")).find((one) => one.target === target);
      verdict = judgeRound(round, facts, { ...terms, heldBack: status && heldBackOf(status) });
    }
    if (verdict !== undefined) await this.#end(round, stored, nowMs, verdict);
  }

  /** Ends the alert. A failure is known now; a success only when the resolve is delivered. */
  async #end(round: CanaryRound, { last }: StoredCanary, nowMs: number, verdict?: CanaryVerdict): Promise<void> {
    await this.#o.ownAlerts.endAllClaims(round.fingerprint, nowMs);
    const ended = { ...round, endedAtMs: nowMs, ...(verdict && { verdict }) };
    if (verdict?.failed !== undefined) return this.#conclude(ended, verdict, last);
    await this.#put({ round: ended, ...(last && { last }) });
  }

  async #followEnd(
    round: CanaryRound,
    stored: StoredCanary,
    { view, nowMs, waitMs }: { view: { incident: Incident } | undefined; nowMs: number; waitMs: number },
  ): Promise<void> {
    const { verdict, endedAtMs = nowMs } = round;
    const over = isOver(view?.incident);
    if (!over && nowMs - endedAtMs < waitMs) return;
    const done = { ...round, done: true } as const;
    // Interrupted, or its failure is known already.
    if (verdict === undefined || verdict.failed !== undefined) return this.#put({ ...stored, round: done });
    if (over) return this.#conclude(done, { ...verdict, atMs: nowMs }, stored.last);
    const failure = view?.incident.lastFailure;
    const why = { ...(failure && { cause: failure.reason }), detail: failure?.detail ?? "" };
    return this.#conclude(done, { ...verdict, failed: "resolve", ...why, atMs: nowMs }, stored.last);
  }

  async #conclude(round: CanaryRound, verdict: CanaryVerdict, before: StoredCanary["last"]): Promise<void> {
    const { target } = round;
    const wasFailing = before?.failed !== undefined && before.target === target;
    const sinceMs = wasFailing ? (before.failingSinceMs ?? before.atMs) : verdict.atMs;
    const last = { ...verdict, target, ...(verdict.failed !== undefined && { failingSinceMs: sinceMs }) };
    await this.#put({ round, last });
    this.#show(last, true);
  }

  #put(stored: StoredCanary): Promise<void> {
    return this.#o.ledger.putValue(canaryValue, JSON.stringify(stored));
  }

  #show(last: NonNullable<StoredCanary["last"]>, isOwn: boolean): void {
    const { metrics, log } = this.#o;
    const before = this.#shown;
    this.#shown = last;
    if (before !== undefined && before.target !== last.target) metrics.canaryEnded(before.target);
    metrics.canarySuccess(last.target, last.failed === undefined);
    if (!isOwn) return;
    const { target, failed, cause, detail, proof } = last;
    if (failed === undefined)
      return log.info({ event: "canary_succeeded", target, proof }, "The canary arrived and was resolved");
    log.error(
      { event: "canary_failed", target, step: failed, cause, detail, proof },
      `The canary was ${failureOf(last)}`,
    );
  }
}
