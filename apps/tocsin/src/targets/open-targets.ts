import type { Ledger } from "@tocsin/core";
import { createDiscoveries } from "./discovery/create-discoveries.ts";
import { Discoveries } from "./discovery/discoveries.ts";
import { LastKnownTargets } from "./discovery/last-known-targets.ts";
import type { CredentialVault } from "../ledger/credential-vault.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { TargetRegistry, type TargetRegistryOptions } from "./registry.ts";

export interface OpenTargetsOptions extends Omit<TargetRegistryOptions, "lookedUp"> {
  readonly ledger: Ledger;
  readonly vault: CredentialVault;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Environment variables, which may name the kubeconfig. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Opens the registry of targets, and the discoveries that find targets beside the configuration file. Neither is started. */
export function openTargets(o: OpenTargetsOptions): {
  readonly targets: TargetRegistry;
  readonly discoveries: Discoveries;
} {
  const { ledger, vault, clock, log, metrics, env } = o;
  const targets = new TargetRegistry({ ...o, lookedUp: (hit) => metrics.lookedUp(hit) });
  const lastKnown = new LastKnownTargets(ledger, vault);
  const discoveries = new Discoveries({
    open: (discovery, current) => createDiscoveries(discovery, current, { env, lastKnown, clock }),
    lastKnown,
    clock,
    log,
    metrics,
    definitionsInUse: () => targets.definitionsInUse(),
  });
  return { targets, discoveries };
}
