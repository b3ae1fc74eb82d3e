import { type Clock, type Ledger, LedgerUnavailable, type RoutedClaim } from "@tocsin/core";
import type { CredentialVault } from "../ledger/credential-vault.ts";
import { ownFingerprint, ownSource } from "../own-alerts/own-alert.ts";
import type { OwnAlerts } from "../own-alerts/own-alerts.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Expectation } from "./expectation-settings.ts";
import { learnHeard, parsedValue } from "./learn-heard.ts";
import { addListening, isSilent, type ListeningTime, silentSinceMs } from "./listening-time.ts";
import { asWatchdog, matchesAll, watchdogFingerprint } from "./watchdog.ts";
import { silenceAlert, type WatchedSource } from "./watched-source.ts";

const tickMs = 1_000;

/** A longer time between two ticks does not count as listening: the process stood still, and read no request. */
const maxTickMs = 3_000;

/** Interval of writes to the ledger. Soon after the start it is `tickMs`, so that short lives count too. */
const syncEveryMs = 4_000;
const youngMs = 10_000;

/** Interval at which an alert that fires is repeated, and at which the state of all alerts is read again. */
const confirmEveryMs = 60_000;

export interface HeartbeatsOptions {
  readonly ledger: Pick<Ledger, "getValue" | "putValue" | "readAlerts" | "alert">;
  readonly clock: Clock;
  readonly vault: Pick<CredentialVault, "identity">;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, "sourceSilent" | "sourceNotExpected">;
  readonly ownAlerts: Pick<OwnAlerts, "fire" | "end">;
  /** Whether this process is able to record requests now. */
  readonly listens: () => boolean;
  /** Identity of this process. */
  readonly owner: string;
}

/** The value under which the ledger keeps the listening time, with the sources that were expected when it was written. */
const listeningValue = "listening time";
type StoredListening = ListeningTime & { readonly sources: readonly string[] };

/**
 * Watches the sources that must send regularly, and fires an alert for each that is silent. All replicas of a ledger watch together:
 * each writes what it heard, and all come to the same result. Requests only set a field in memory.
 */
export class Heartbeats {
  readonly #o: HeartbeatsOptions;
  #watched: ReadonlyMap<string, WatchedSource> = new Map();
  /** Sources that are not expected any more, whose alert must end. */
  #dropped: WatchedSource[] = [];
  #listening: ListeningTime | undefined;
  /** Listening time of this process since its start, and the part of it that was written or that does not count. */
  #ownMs = 0;
  #writtenMs = 0;
  #startedMs = 0;
  #tickedMs = 0;
  #syncedMs = Number.NEGATIVE_INFINITY;
  #cancel = (): void => {};
  /** The sync that has not ended yet. */
  #syncing: Promise<void> | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#o = options;
  }

  /** Expects these sources from now on. Known times of a source stay. */
  use(expectations: readonly Expectation[]): void {
    const before = this.#watched;
    this.#watched = new Map(
      expectations.map((expectation) => {
        const { source } = expectation;
        const known = before.get(source);
        const id = this.#o.vault.identity("own alert", `source\0${source}`);
        const fingerprint = ownFingerprint("heartbeat", source, this.#o.vault);
        // The alert is fired again at once, because its targets may have changed.
        const again = { confirmedMs: Number.NEGATIVE_INFINITY };
        return [source, { isSilent: false, ...known, ...again, expectation, id, fingerprint }];
      }),
    );
    for (const [source, watched] of before) {
      if (this.#watched.has(source)) continue;
      this.#dropped.push(watched);
      this.#o.metrics.sourceNotExpected(source);
    }
    this.#dropped = this.#dropped.filter(({ expectation }) => !this.#watched.has(expectation.source));
    for (const [source, watched] of this.#watched) this.#o.metrics.sourceSilent(source, watched.isSilent);
  }

  start(): void {
    this.#startedMs = this.#tickedMs = this.#o.clock.monotonic();
    this.#next();
  }

  /** Writes what was heard last, so that a restart forgets nothing. */
  async stop(): Promise<void> {
    this.#cancel();
    await this.#syncing;
    this.#count();
    await this.#trySync();
  }

  /** A request of the source was received. */
  received(source: string): void {
    const watched = this.#watched.get(source);
    if (watched !== undefined && watched.expectation.matchers === undefined) this.#noteHeard(watched);
  }

  /** A job reported by name that it works. False: no source with this name is expected. */
  reported(source: string): boolean {
    const watched = this.#watched.get(source);
    if (watched === undefined) return false;
    this.#noteHeard(watched);
    return true;
  }

  /**
   * Returns a function that recognizes the source's heartbeats among its claims, and returns them as they are recorded. Undefined:
   * its heartbeats are no alerts.
   */
  watchdogOf(source: string): ((claim: RoutedClaim["claim"]) => RoutedClaim | undefined) | undefined {
    const watched = this.#watched.get(source);
    const matchers = watched?.expectation.matchers;
    if (watched === undefined || matchers === undefined) return undefined;
    return (claim) => {
      if (!matchesAll(matchers, claim.alert)) return undefined;
      if (claim.status === "firing") this.#noteHeard(watched);
      return { claim: { ...claim, alert: asWatchdog(claim.alert, watched.id) }, routes: [] };
    };
  }

  /** The fingerprints under which an alert may be recorded as the heartbeat of a source. */
  recordedAs(fingerprint: string): string[] {
    return [...this.#watched.values()].flatMap(({ id, expectation: { matchers } }) =>
      matchers === undefined ? [] : [watchdogFingerprint(fingerprint, id)],
    );
  }

  isExpected(fingerprint: string): boolean {
    return [...this.#watched.values()].some((one) => one.fingerprint === fingerprint);
  }

  /** The silent sources, and since when. */
  get silent(): { readonly source: string; readonly sinceMs: number }[] {
    return [...this.#watched.values()].flatMap(({ isSilent: silent, known, expectation: { source, everyMs } }) =>
      silent && known !== undefined ? [{ source, sinceMs: silentSinceMs(known, everyMs) }] : [],
    );
  }

  #noteHeard(watched: WatchedSource): void {
    watched.heardMonotonicMs = this.#o.clock.monotonic();
  }

  #next(): void {
    this.#cancel = this.#o.clock.after(tickMs, () => {
      this.#next();
      this.#count();
      // A slow ledger must not delay the next tick, which would count as a pause of this process.
      if (this.#syncing === undefined && this.#isDue()) this.#syncing = this.#trySync();
    });
  }

  async #trySync(): Promise<void> {
    try {
      await this.#sync();
    } catch (error) {
      // The ledger itself reports that it is unavailable. Heartbeats are written later.
      if (!(error instanceof LedgerUnavailable))
        this.#o.log.error({ event: "heartbeat_bug", err: error, reason: "bug" }, "Bug in the watch of silent sources");
    } finally {
      this.#syncing = undefined;
    }
  }

  /** Adds the time since the last tick to the listening time of this process, and notes what was heard in it. */
  #count(): void {
    const { clock, listens } = this.#o;
    const nowMs = clock.monotonic();
    const passedMs = nowMs - this.#tickedMs;
    const countedMs = passedMs <= maxTickMs && listens() ? passedMs : 0;
    this.#tickedMs = nowMs;
    this.#ownMs += countedMs;
    for (const watched of this.#watched.values()) {
      const { heardMonotonicMs } = watched;
      if (heardMonotonicMs === undefined) continue;
      delete watched.heardMonotonicMs;
      const agoMs = Math.min(nowMs - heardMonotonicMs, countedMs);
      watched.unwritten = { ownMs: this.#ownMs - agoMs, monotonicMs: heardMonotonicMs };
    }
    // The written time must be one span until now: parts of it could be counted twice beside other replicas.
    if (countedMs === 0) this.#writtenMs = this.#ownMs;
  }

  /** Whether something must be written or judged now. */
  #isDue(): boolean {
    const nowMs = this.#tickedMs;
    const isYoung = nowMs - this.#startedMs < youngMs;
    if (isYoung || nowMs - this.#syncedMs >= syncEveryMs || this.#dropped.length > 0) return true;
    const totalMs = this.#totalMs();
    return [...this.#watched.values()].some((watched) => {
      const { known, unwritten, isSilent: silent, expectation } = watched;
      if (known === undefined || unwritten !== undefined) return known === undefined || silent;
      return !silent && isSilent(known, totalMs, expectation.everyMs);
    });
  }

  /** The listening time of all processes, as far as this one knows. */
  #totalMs(): number {
    return (this.#listening?.totalMs ?? 0) + this.#ownMs - this.#writtenMs;
  }

  /** Writes the listening time and what was heard, reads what other replicas heard, and fires or ends alerts. */
  async #sync(): Promise<void> {
    const { ledger, clock } = this.#o;
    this.#syncedMs = clock.monotonic();
    const sources = [...this.#watched.values()];
    // The ledger's clock is the same for all replicas.
    const { nowMs } = await ledger.readAlerts(ownSource, []);
    const atMonotonicMs = clock.monotonic();
    const stored = parsedValue(await ledger.getValue(listeningValue)) as StoredListening | undefined;
    const ownMs = this.#ownMs;
    const own = { by: this.#o.owner, nowMs, addedMs: ownMs - this.#writtenMs };
    const listening = addListening(stored, own);
    for (const watched of sources) {
      const { unwritten } = watched;
      const heard = unwritten && {
        totalMs: listening.totalMs - (ownMs - unwritten.ownMs),
        atMs: nowMs - (atMonotonicMs - unwritten.monotonicMs),
      };
      await learnHeard(watched, {
        ledger,
        heard,
        listening,
        wasExpected: stored?.sources.includes(watched.id) === true,
      });
      if (watched.unwritten === unwritten) delete watched.unwritten;
    }
    await ledger.putValue(listeningValue, JSON.stringify({ ...listening, sources: sources.map(({ id }) => id) }));
    this.#listening = listening;
    this.#writtenMs = ownMs;
    for (const watched of sources) await this.#judge(watched, listening.totalMs);
    for (const watched of this.#dropped.splice(0)) await this.#drop(watched, nowMs);
  }

  /** Fires or ends the alert of a source. */
  async #judge(watched: WatchedSource, totalMs: number): Promise<void> {
    const { known, expectation, fingerprint } = watched;
    const { source, everyMs, targets } = expectation;
    const { ledger, clock, ownAlerts, log, metrics } = this.#o;
    if (known === undefined) return;
    const silent = isSilent(known, totalMs, everyMs);
    if (silent !== watched.isSilent) {
      watched.isSilent = silent;
      metrics.sourceSilent(source, silent);
      if (silent)
        log.error(
          { event: "source_silent", source, everyMs },
          "Source is silent: nothing arrived in the expected time",
        );
      else log.info({ event: "source_back", source }, "Source is back");
    }
    const isOld = clock.monotonic() - watched.confirmedMs >= confirmEveryMs;
    if (silent && (watched.isFiring !== true || isOld)) {
      await ownAlerts.fire(silenceAlert(watched, known), targets);
      watched.isFiring = true;
      watched.confirmedMs = clock.monotonic();
    } else if (!silent) {
      if (isOld || watched.isFiring === undefined) {
        watched.isFiring = (await ledger.alert(fingerprint))?.status === "firing";
        watched.confirmedMs = clock.monotonic();
      }
      if (!watched.isFiring) return;
      await ownAlerts.end(fingerprint, { endsAtMs: known.atMs });
      watched.isFiring = false;
    }
  }

  /** Ends the alert of a source that is not expected any more, and forgets the source. */
  async #drop(watched: WatchedSource, nowMs: number): Promise<void> {
    try {
      await this.#o.ownAlerts.end(watched.fingerprint, { endsAtMs: nowMs });
    } catch (error) {
      this.#dropped.push(watched);
      throw error;
    }
  }
}
