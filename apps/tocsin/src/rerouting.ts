import { type Clock, type Ledger, LedgerUnavailable, type Route, type Alert } from "@tocsin/core";

const pageSize = 500;
const retryMs = 1_000;

export interface Rerouting {
  readonly ledger: Pick<Ledger, "firing" | "reroute">;
  readonly clock: Clock;
  readonly routesOf: (alert: Alert) => readonly Route[];
  readonly wake: () => void;
  /** True once it is for nothing: targets changed again, or the service stops. */
  readonly outdated: () => boolean;
}

/** Routes all that fires anew, page by page, so that a target added at 03:10 hears of the alert that fires since 03:00. */
export async function rerouteFiring({ ledger, clock, routesOf, wake, outdated }: Rerouting): Promise<void> {
  let after: string | undefined;
  while (!outdated()) {
    try {
      const page = await ledger.firing({ limit: pageSize, ...(after !== undefined && { after }) });
      if (page.length > 0) {
        await ledger.reroute(page.map((alert) => ({ fingerprint: alert.fingerprint, routes: routesOf(alert) })));
        wake();
      }
      if (page.length < pageSize) return;
      after = page.at(-1)?.fingerprint;
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      await new Promise<void>((resolve) => clock.after(retryMs, resolve));
    }
  }
}
