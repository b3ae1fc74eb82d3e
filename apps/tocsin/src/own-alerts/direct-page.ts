import { type Alert, type Clock, type Ledger, type Outcome, summaryOf } from "@tocsin/core";
import { firstContent, type Notify } from "../delivery/notification.ts";
import type { TypedPublisher } from "../targets/compile-target.ts";
import type { Logger } from "../telemetry/logger.ts";
import { ownSource } from "./own-alert.ts";

/** One page is sent in this time at most. */
const everyMs = 5 * 60_000;

const timeoutMs = 10_000;

/** No lease has this token, so the id of the event differs from those of all others. */
const directToken = -1;

export interface DirectPageOptions {
  readonly ledger: Pick<Ledger, "record" | "readAlerts">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly notify: Notify;
  readonly wake: () => void;
  readonly publisherTo: (target: string) => TypedPublisher | undefined;
  /** Called for each attempt, so that metrics count it. */
  readonly attempted: (
    attempt: { readonly target: string; readonly action: "trigger" },
    outcome: Outcome,
    durationMs: number,
  ) => void;
}

/**
 * Pages directly from memory while the ledger does not commit: the only events that are sent without a record, and without a
 * charge of the limiter (see the ADR on the direct page). All replicas use one dedup key. After recovery the ledger adopts the page
 * as sent, and resolves it like every other incident. Only memory holds the page, so each start also resolves pages of earlier lives.
 */
export class DirectPage {
  readonly #o: DirectPageOptions;
  readonly #stopped = new AbortController();
  #sentAtMs = Number.NEGATIVE_INFINITY;
  /** The page, and the targets that have accepted it or may have. */
  #open: { readonly alert: Alert; readonly targets: Set<string> } | undefined;

  constructor(options: DirectPageOptions) {
    this.#o = options;
  }

  /** Sends the page, unless one was sent in the last five minutes. */
  async send(alert: Alert, targets: readonly string[]): Promise<void> {
    const { clock, log } = this.#o;
    if (clock.monotonic() - this.#sentAtMs < everyMs) return;
    this.#sentAtMs = clock.monotonic();
    this.#open ??= { alert, targets: new Set() };
    const outcomes = await Promise.all(targets.map((target) => this.#publish(alert, target)));
    const accepted = targets.filter((_, index) => outcomes[index]);
    for (const target of accepted) this.#open?.targets.add(target);
    if (accepted.length > 0)
      return log.error(
        { event: "direct_page", targets, accepted },
        "The ledger does not commit: a page was sent directly",
      );
    log.fatal(
      { event: "direct_page_failed", targets },
      "The ledger does not commit, and no target accepted the page about it. Trying again in 5 minutes",
    );
  }

  /**
   * The ledger commits again: records the page as sent and ended, so that its resolve is sent.
   *
   * @param earlier a page of an earlier life, which may be open. Receivers that ignore a resolve of an unknown incident get one
   * @throws LedgerUnavailable
   */
  async settle(earlier?: { readonly alert: Alert; readonly targets: readonly string[] }): Promise<void> {
    const alert = this.#open?.alert ?? earlier?.alert;
    if (alert === undefined) return;
    const { ledger, wake, publisherTo } = this.#o;
    const ignoring = earlier?.targets.filter((target) => publisherTo(target)?.publisher.traits.dropsUnknownResolves);
    const targets = new Set([...(this.#open?.targets ?? []), ...(ignoring ?? [])]);
    if (targets.size > 0) {
      // By the ledger's clock, so that the pages of several replicas are recorded one after the other.
      const { nowMs } = await ledger.readAlerts(ownSource, []);
      const routes = [...targets].map((target) => ({
        target,
        dedupKey: alert.fingerprint,
        severity: "critical" as const,
        summary: summaryOf(alert),
        sent: true as const,
      }));
      const claim = { alert: { ...alert, startsAtMs: nowMs }, source: ownSource };
      const recording = ledger.record([
        { claim: { ...claim, status: "firing" }, routes },
        { claim: { ...claim, status: "resolved", endsAtMs: nowMs }, routes: [] },
      ]);
      wake();
      await recording;
    }
    this.#open = undefined;
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Whether the target has accepted the page, or may have. */
  async #publish(alert: Alert, target: string): Promise<boolean> {
    const { clock, notify, publisherTo, attempted } = this.#o;
    const publisher = publisherTo(target)?.publisher;
    if (publisher === undefined) return false;
    const content = {
      target,
      dedupKey: alert.fingerprint,
      severity: "critical",
      summary: summaryOf(alert),
      sender: ownSource,
    } as const;
    const event = { token: directToken, atMs: alert.startsAtMs };
    const sinceMs = clock.monotonic();
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#stopped.signal]);
    const outcome = await publisher.publish(
      notify({ ...firstContent(alert, content), action: "trigger", event }),
      signal,
    );
    attempted({ target, action: "trigger" }, outcome, clock.monotonic() - sinceMs);
    return outcome.kind === "accepted" || outcome.kind === "ambiguous";
  }
}
