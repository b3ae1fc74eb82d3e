import type { CallbackReceiver } from "../callbacks/callback-receiver.ts";
import type { Rollouts } from "../changes/rollouts/rollouts.ts";
import type { ConfigReloader } from "../config/config-reloader.ts";
import { ledgerName, sqliteFileOf } from "../config/config.ts";
import type { Discoveries } from "../targets/discovery/discoveries.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import { lateAfterMs } from "./conditions.ts";
import { Health, type HealthOptions } from "./health.ts";
import { ledgerDisk } from "./ledger-disk.ts";
import type { RecentFailure } from "./recent-failure.ts";
import type { SelfWatch } from "./self-watch.ts";

export interface OpenHealthOptions extends Omit<HealthOptions, "lateAfterMs" | "confirming" | "others"> {
  readonly configReloader: Pick<ConfigReloader, "current" | "certificates" | "reloadWarnings">;
  readonly targets: Pick<TargetRegistry, "entries">;
  readonly discoveries: Pick<Discoveries, "views">;
  readonly rollouts: Pick<Rollouts, "failing">;
  readonly callbacks: Pick<CallbackReceiver, "failing">;
  /** Called when problems are looked for. */
  readonly selfWatch: () => Pick<SelfWatch, "heartbeats" | "loopLagMs" | "failingHeartbeat" | "canaryFailure">;
  readonly traceFailures: Pick<RecentFailure, "current">;
  /** The key file of the ledger was missing at the start. */
  readonly isKeyLost: boolean;
}

/** Opens the health of the service: each part shows the state that the conditions need. */
export function openHealth(o: OpenHealthOptions): Health {
  const { configReloader, targets, discoveries, rollouts, callbacks, selfWatch, traceFailures, isKeyLost } = o;
  // A change of the ledger's place needs a restart.
  const { ledger } = configReloader.current;
  const ledgerPlace = ledgerName(ledger);
  return new Health({
    ...o,
    lateAfterMs: () => Math.min(lateAfterMs, configReloader.current.selfAlerts?.after ?? lateAfterMs),
    confirming: () =>
      targets.entries.flatMap(({ name, confirmWithinMs }) => (confirmWithinMs === undefined ? [] : [name])),
    others: async () => ({
      ledgerPlace,
      targets: targets.entries,
      discoveries: discoveries.views,
      rollouts: rollouts.failing,
      callbacks: callbacks.failing,
      certificates: configReloader.certificates,
      reloadWarnings: configReloader.reloadWarnings(),
      isKeyLost,
      disk: await ledgerDisk(sqliteFileOf(ledger)),
      silent: selfWatch().heartbeats?.silent ?? [],
      loopLagMs: selfWatch().loopLagMs,
      heartbeat: selfWatch().failingHeartbeat,
      canary: selfWatch().canaryFailure,
      traces: traceFailures.current,
    }),
  });
}
