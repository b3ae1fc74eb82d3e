import { setImmediate as breath } from "node:timers/promises";
import {
  type Clock,
  type FiringAlert,
  type Ledger,
  LedgerUnavailable,
  type ReroutedAlert,
  type Route,
} from "@tocsin/core";

const pageSize = 500;
const retryMs = 1_000;

/** Maximum time without a pause for other work, ms: with many targets one alert takes a millisecond. */
const maxTurnMs = 10;

export interface Rerouting {
  readonly ledger: Pick<Ledger, "firing" | "reroute">;
  readonly clock: Clock;
  /** Returns whether the change can affect the alert. */
  readonly concerns: (alert: FiringAlert) => boolean;
  readonly routesOf: (alert: FiringAlert) => readonly Route[];
  readonly wake: () => void;
  /** True when the result would be useless: targets changed again, or the service stops. */
  readonly outdated: () => boolean;
}

/**
 * Routes all alerts that fire again, page by page: a target that was added at 03:10 receives the alert that fires since 03:00.
 * This includes held firings, which the ledger would otherwise send by the routes of their receipt.
 * False: the re-routing became outdated before its end.
 */
export async function reroute(rerouting: Rerouting): Promise<boolean> {
  const { ledger, clock, wake, outdated } = rerouting;
  let after: string | undefined;
  while (!outdated()) {
    try {
      const page = await ledger.firing({ limit: pageSize, held: true, ...(after !== undefined && { after }) });
      let left: readonly FiringAlert[] = page;
      for (;;) {
        const routed = await routesOfAll(left, rerouting);
        if (routed.length === 0) break;
        left = await ledger.reroute(routed);
        wake();
        // Alerts that got another verdict meanwhile come back, to be routed by that one.
        if (left.length === 0) break;
        if (outdated()) return false;
      }
      if (page.length < pageSize) return true;
      after = page.at(-1)?.fingerprint;
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      await new Promise<void>((resolve) => clock.after(retryMs, resolve));
    }
  }
  return false;
}

async function routesOfAll(page: readonly FiringAlert[], { clock, concerns, routesOf }: Rerouting) {
  const routed: ReroutedAlert[] = [];
  let sinceMs = clock.monotonic();
  for (const alert of page) {
    const { fingerprint, classification } = alert;
    if (concerns(alert))
      routed.push({ fingerprint, routes: routesOf(alert), ...(classification && { classification }) });
    if (clock.monotonic() - sinceMs < maxTurnMs) continue;
    await breath();
    sinceMs = clock.monotonic();
  }
  return routed;
}
