import { setImmediate as breath } from "node:timers/promises";
import {
  type Absence,
  type Alert,
  type AlertStateThere,
  type Classification,
  type Clock,
  absenceTimeBetween,
  type InstanceStatus,
  judgeReading,
  type Ledger,
  type Poll,
  type ReadAlert,
  type Reading,
  type Finding,
  type Route,
  whyNotCounted,
} from "@tocsin/core";
import type { Transport } from "@tocsin/http";
import type { Logger } from "../../telemetry/logger.ts";
import { AlertmanagerApi, type InstanceAnswer } from "./alertmanager-api.ts";
import { alertOf, type ListedAlert } from "./parse-api.ts";
import type { ReaderSettings } from "./reader-settings.ts";
import { AlertmanagerUptime } from "./alertmanager-uptime.ts";

export interface ReaderOptions {
  readonly ledger: Pick<Ledger, "readAlerts" | "recordReading" | "firing">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly transport: Pick<Transport, "get">;
  readonly version: string;
  /** Returns the routes of an alert. */
  readonly routesOf: (alert: Alert, classification: Classification | undefined) => readonly Route[];
  /** Wakes the worker, because incidents may be due. */
  readonly wake: () => void;
  /** `delivery.remind`, ms; 0: never. */
  readonly remindMs: number;
}

/** Maximum number of alerts per ledger operation: other operations wait while it runs. */
const pageSize = 250;

/** Maximum time without a pause for other work, ms: routing may take a millisecond per alert. */
const maxRoutingMs = 10;

/** An unchanged alert is confirmed again after this, well within the time after which an absent one ends. */
const maxConfirmEveryMs = 5 * 60_000;

/** A poll that took longer was interrupted by a pause of the process: what it read may be old. */
const maxPollMs = 60_000;

/** Long enough for the first notification of an alert to arrive. */
const strangePolls = 10;

/**
 * Interval at which the ledger is asked which alerts this API has shown: other replicas may have seen alerts that this one did
 * not.
 */
const recallEveryMs = 10 * 60_000;

/** The result of a poll, before the ledger is asked. */
interface Seen extends Poll {
  readonly listed: ReadonlyMap<string, ListedAlert>;
}

/**
 * Polls Alertmanager's API for one source, and records in the ledger what it shows about the alerts that the source has sent.
 * The decisions are in core (`judgeReading`); the ledger keeps which alerts the API has shown. Only the counts of absent alerts
 * are lost with the process: they then start over, which ends alerts later but never sooner.
 */
export class AlertmanagerReader {
  readonly settings: ReaderSettings;
  readonly #api: string;
  readonly #o: ReaderOptions;
  readonly #instances: readonly {
    readonly label: string;
    readonly api: AlertmanagerApi;
    readonly upTime: AlertmanagerUptime;
  }[];
  readonly #stopping = new AbortController();
  #cancel = (): void => {};
  #polling: Promise<void> = Promise.resolve();
  /** Alerts of the source that this API has shown, as far as this process knows. */
  #known = new Set<string>();
  #recalledAtMs: number | undefined;
  #absences: ReadonlyMap<string, Absence> = new Map();
  #before: { readonly counts: boolean; readonly atMs: number } | undefined;
  /** Polls that showed alerts, none of them sent by the source; undefined: it has sent one, or this was logged. */
  #strangePolls: number | undefined = 0;
  /** The last logged reason why absent alerts are not counted; null: they are counted. */
  #problem: string | null = null;

  /** `api`: identity of the API, without secrets. */
  constructor(settings: ReaderSettings, api: string, options: ReaderOptions) {
    this.settings = settings;
    this.#api = api;
    this.#o = options;
    this.#instances = settings.instances.map((instance) => ({
      label: instance.label,
      api: new AlertmanagerApi(instance, settings, options),
      upTime: new AlertmanagerUptime(),
    }));
  }

  start(): void {
    const pollIn = (delayMs: number): void => {
      if (this.#stopping.signal.aborted) return;
      this.#cancel = this.#o.clock.after(delayMs, () => {
        this.#polling = this.#poll().then(() => pollIn(this.settings.everyMs));
      });
    };
    pollIn(0);
  }

  /** Stops. Once this has resolved, nothing more is recorded. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancel();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { clock, log } = this.#o;
    const { source } = this.settings;
    const startedAtMs = clock.monotonic();
    try {
      const answers = await Promise.all(this.#instances.map(({ api }) => api.ask(this.#stopping.signal)));
      if (this.#stopping.signal.aborted) return;
      const problem = this.#problemOf(answers);
      this.#report(problem);
      const now = { counts: problem === null, atMs: startedAtMs };
      const countedMs = absenceTimeBetween(this.#before, now, this.settings.everyMs);
      this.#before = now;
      if (clock.monotonic() - startedAtMs > maxPollMs) return;
      const words = await this.#record({ ...shownIn(answers), countedMs });
      log.debug(
        { event: "alertmanager_read", source, words, countedMs, absent: this.#absences.size },
        "Read Alertmanager",
      );
    } catch (error) {
      log.error(
        { event: "alertmanager_read_failed", source, err: error },
        "Reading Alertmanager failed; trying again at the next poll",
      );
    }
  }

  #problemOf(answers: readonly InstanceAnswer[]): string | null {
    const failed = answers.findIndex(({ problem }) => problem !== undefined);
    if (failed !== -1) return `${this.#instances[failed]?.label}: ${answers[failed]?.problem}`;
    const at = { nowMs: this.#o.clock.now(), monotonicMs: this.#o.clock.monotonic() };
    const statuses = answers.map(({ status }, index): InstanceStatus | undefined => {
      const upTime = this.#instances[index]?.upTime;
      return status && upTime && { ...status, upForMs: upTime.of(status, at) };
    });
    return whyNotCounted(statuses);
  }

  /** Logs changes only, not every poll. */
  #report(problem: string | null): void {
    const { log } = this.#o;
    const { source } = this.settings;
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (problem === null) log.info({ event: "alertmanager_readable", source }, "Alertmanager can be read again");
    else
      log.warn(
        { event: "alertmanager_not_counted", source, problem },
        `Alerts that Alertmanager does not show are not ended for now: ${problem}`,
      );
  }

  /** Warns if the name of a source seems to be mistyped, because then no alert would ever be read. */
  #reportStrange(shown: number, sent: number): void {
    if (this.#strangePolls === undefined || shown === 0) return;
    if (sent === 0 && ++this.#strangePolls < strangePolls) return;
    this.#strangePolls = undefined;
    const { source } = this.settings;
    if (sent === 0)
      this.#o.log.warn(
        { event: "alertmanager_unknown_source", source, shown },
        `Alertmanager shows ${shown} alerts, and the source "${source}" has sent none of them. Its webhook must use a token of this name, or ?source= in the URL`,
      );
  }

  /** Returns how many findings were recorded. */
  async #record(poll: Seen): Promise<number> {
    const { ledger, clock } = this.#o;
    const { source } = this.settings;
    await this.#recall(clock.monotonic());
    const fingerprints = [...new Set([...poll.shown.keys(), ...this.#known])];
    const [findings, absences] = [[] as Finding[], new Map<string, Absence>()];
    const classified = new Map<string, Classification>();
    let sent = 0;
    for (const page of pagesOf(fingerprints)) {
      const { alerts, nowMs } = await ledger.readAlerts(source, page);
      const judged = judgeReading(poll, alerts, this.#absences, {
        api: this.#api,
        nowMs,
        confirmEveryMs: this.#confirmEveryMs,
      });
      for (const { fingerprint, classification } of alerts)
        if (classification !== undefined) classified.set(fingerprint, classification);
      findings.push(...judged.findings);
      sent += alerts.length;
      for (const [fingerprint, absence] of judged.absences) absences.set(fingerprint, absence);
      this.#remember(page, alerts, poll);
    }
    this.#absences = absences;
    this.#reportStrange(poll.shown.size, sent);
    for (const page of pagesOf(findings)) await this.#recordPage(page, poll, classified);
    return findings.length;
  }

  async #recordPage(
    page: readonly Finding[],
    poll: Seen,
    classified: ReadonlyMap<string, Classification>,
  ): Promise<void> {
    const { ledger, wake, clock } = this.#o;
    const { source } = this.settings;
    const findings: Reading["findings"][number][] = [];
    let sinceMs = clock.monotonic();
    for (const finding of page) {
      if (clock.monotonic() - sinceMs > maxRoutingMs) {
        await breath();
        sinceMs = clock.monotonic();
      }
      const listed = finding.says === "active" ? poll.listed.get(finding.fingerprint) : undefined;
      const stored = classified.get(finding.fingerprint);
      const alert = listed && alertOf(listed, { source, nowMs: clock.now() });
      // An alert that cannot be parsed cannot be routed. It is still shown, so it does not end.
      if (finding.says !== "active" || alert)
        findings.push({
          ...finding,
          routes: alert ? this.#o.routesOf(alert, stored) : [],
          ...(stored && { classification: stored }),
        });
    }
    if (this.#stopping.signal.aborted || findings.length === 0) return;
    const recording = ledger.recordReading({ source, api: this.#api, findings });
    // In the same tick, so that due incidents are leased by the commit that records.
    wake();
    await recording;
  }

  /** Reminders need a confirmation less than half of `remind` ago. */
  get #confirmEveryMs(): number {
    const { remindMs } = this.#o;
    return remindMs === 0 ? maxConfirmEveryMs : Math.min(maxConfirmEveryMs, remindMs / 4);
  }

  /** Stores what this poll showed: only firing alerts that the API has shown can be missing in a later poll. */
  #remember(page: readonly string[], alerts: readonly ReadAlert[], { shown: there }: Seen): void {
    const firing = new Set(
      alerts.flatMap(({ fingerprint, claim, shown }) =>
        claim.status === "firing" && (there.has(fingerprint) || shown?.api === this.#api) ? [fingerprint] : [],
      ),
    );
    for (const fingerprint of page)
      if (firing.has(fingerprint)) this.#known.add(fingerprint);
      else this.#known.delete(fingerprint);
  }

  /** Searches all firing alerts for those that this API has shown. */
  async #recall(nowMs: number): Promise<void> {
    if (this.#recalledAtMs !== undefined && nowMs - this.#recalledAtMs < recallEveryMs) return;
    const { ledger } = this.#o;
    let after: string | undefined;
    while (!this.#stopping.signal.aborted) {
      const page = await ledger.firing({ limit: pageSize, ...(after !== undefined && { after }) });
      const { alerts } = await ledger.readAlerts(
        this.settings.source,
        page.map(({ fingerprint }) => fingerprint),
      );
      for (const { fingerprint, shown } of alerts) if (shown?.api === this.#api) this.#known.add(fingerprint);
      after = page.at(-1)?.fingerprint;
      if (page.length < pageSize) break;
    }
    this.#recalledAtMs = nowMs;
  }
}

const rank: Readonly<Record<AlertStateThere, number>> = { active: 2, suppressed: 1, unprocessed: 0 };

/** Merges all instances: each may notify by itself, so an alert is active if any of them shows it as active. */
function shownIn(answers: readonly InstanceAnswer[]): Pick<Seen, "shown" | "listed"> {
  const listed = new Map<string, ListedAlert>();
  for (const { alerts = [] } of answers)
    for (const alert of alerts) {
      const known = listed.get(alert.fingerprint);
      if (!known || rank[alert.state] > rank[known.state]) listed.set(alert.fingerprint, alert);
    }
  return { listed, shown: new Map(Array.from(listed.values(), ({ fingerprint, state }) => [fingerprint, state])) };
}

function* pagesOf<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let from = 0; from < all.length; from += pageSize) yield all.slice(from, from + pageSize);
}
