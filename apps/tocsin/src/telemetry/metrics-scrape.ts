import type { Clock, Ledger } from "@tocsin/core";
import { within } from "../health/within.ts";
import { stateOf } from "../targets/resolved-target.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import type { Snapshot } from "./counted-gauges.ts";
import type { Metrics } from "./metrics.ts";

/** Maximum time for the ledger's counts; Prometheus waits 10 s for the whole scrape. */
const maxCountingMs = 3_000;

/** A scrape returns the text of the previous one if that is not older than this. */
const keptMs = 1_000;

export interface MetricsScrapeOptions {
  readonly ledger: Pick<Ledger, "stats" | "targetStatus">;
  readonly targets: Pick<TargetRegistry, "entries" | "publisherCount">;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

export interface Scraped {
  readonly contentType: string;
  /** The text in slices, because the whole may have tens of megabytes. */
  readonly slices: readonly string[];
}

interface Last {
  readonly scraped: Promise<Scraped>;
  /** When the text was complete. Absent: it is being built. */
  atMs?: number;
}

/**
 * Builds the text that Prometheus scrapes. The ledger counts at the time of the scrape; if it does not respond, all other
 * metrics are shown.
 */
export class MetricsScrape {
  readonly #o: MetricsScrapeOptions;
  #last: Last | undefined;

  constructor(options: MetricsScrapeOptions) {
    this.#o = options;
  }

  /** `fresh`: do not return the text of an earlier scrape. */
  scrape({ fresh = false } = {}): Promise<Scraped> {
    const { clock } = this.#o;
    const last = this.#last;
    if (!fresh && last && (last.atMs === undefined || clock.monotonic() - last.atMs < keptMs)) return last.scraped;
    const next: Last = { scraped: this.#buildAfter(last) };
    this.#last = next;
    return next.scraped.finally(() => (next.atMs ??= clock.monotonic()));
  }

  /** Scrapes are built one after the other, because all of them write the same gauges. */
  async #buildAfter(last: Last | undefined): Promise<Scraped> {
    await last?.scraped.catch(() => {});
    return this.#build();
  }

  async #build(): Promise<Scraped> {
    const { ledger, targets, metrics, clock } = this.#o;
    const snapshot = await within(maxCountingMs, clock, snapshotOf(ledger));
    const statuses = new Map(snapshot?.targetStatuses.map((one) => [one.target, one]));
    const shown = targets.entries.map((entry) => {
      const { name, source } = entry;
      return { name, source, state: stateOf(entry, statuses.get(name)) };
    });
    await metrics.counted(shown, snapshot);
    metrics.cached(targets.publisherCount);
    return { contentType: metrics.registry.contentType, slices: await metrics.registry.slices() };
  }
}

async function snapshotOf(ledger: MetricsScrapeOptions["ledger"]): Promise<Snapshot | undefined> {
  try {
    const [stats, targetStatuses] = await Promise.all([ledger.stats(), ledger.targetStatus("held_back")]);
    return { stats, targetStatuses };
  } catch {
    // Readiness and the log report the reason.
    return undefined;
  }
}
