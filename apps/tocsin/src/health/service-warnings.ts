import type { Ledger } from "@tocsin/core";
import type { Rollouts } from "../changes/rollouts/rollouts.ts";
import type { ConfigReloader } from "../config/config-reloader.ts";
import type { Discoveries } from "../targets/discovery/discoveries.ts";
import type { TargetRegistry } from "../targets/registry.ts";
import { deadWarnings, deliveryWarnings, discoveryWarnings } from "../targets/target-warnings.ts";

export interface ServiceWarningsOptions {
  readonly ledger: Pick<Ledger, "targetStatus" | "stats">;
  readonly targets: Pick<TargetRegistry, "terms">;
  readonly discoveries: Pick<Discoveries, "views">;
  readonly rollouts: Pick<Rollouts, "warnings">;
  readonly configReloader: Pick<ConfigReloader, "reloadWarnings" | "targetWarnings" | "certificateWarnings">;
  /** The key file of the ledger was missing at the start. */
  readonly isKeyLost: boolean;
}

export interface ServiceWarnings {
  /** Warnings that the targets in use may differ from the ones that an operator has written. */
  readonly outdated: () => readonly string[];
  /** All problems that do not make the service unready, for `/readyz`. */
  readonly all: (isReady: boolean) => Promise<readonly string[]>;
}

const lostKeyWarning =
  "the ledger's key file was missing at the start: incidents that were opened before cannot be resolved until it is restored";

/** Collects the warnings of all parts. They hold counts only, because probes need no token. */
export function serviceWarnings(o: ServiceWarningsOptions): ServiceWarnings {
  const { ledger, targets, discoveries, rollouts, configReloader, isKeyLost } = o;
  const ofLedger = async () => {
    try {
      const [heldBack, { incidents }] = await Promise.all([ledger.targetStatus("held_back"), ledger.stats()]);
      return [...deliveryWarnings(heldBack, targets.terms.length), ...deadWarnings(incidents)];
    } catch {
      // A ledger that does not respond must not delay the probe.
      return [];
    }
  };
  const outdated = () => [...configReloader.reloadWarnings(), ...discoveryWarnings(discoveries.views)];
  return {
    outdated,
    all: async (isReady) => [
      ...outdated(),
      ...configReloader.targetWarnings(),
      ...configReloader.certificateWarnings(),
      ...rollouts.warnings(),
      ...(isKeyLost ? [lostKeyWarning] : []),
      ...(isReady ? await ofLedger() : []),
    ],
  };
}
