import { type Clock, type DeliverySettings, type Ledger, systemClock } from "@tocsin/core/decisions";
import { defaultSettings } from "../../delivery-settings.ts";
import { LedgerCore } from "../../ledger/ledger-core.ts";
import { LedgerClock } from "../../ledger/ledger-clock.ts";
import { MemoryStore } from "./store.ts";
import type { Operation, OperationArguments, OperationResult } from "../../ledger/ledger-proxy.ts";
import { ledgerProxy } from "../../ledger/ledger-proxy.ts";
import type { Store } from "../../ledger/store.ts";
import { CommitNotifier, type ReportChanges } from "../../ledger/commit-notifier.ts";

export interface InProcessOptions {
  readonly clock?: Clock;
  readonly settings?: DeliverySettings;
  /** 0 to 1; for backoff jitter. */
  readonly random?: () => number;
  /** This process alone uses the rows, so leases that it finds at the start are void. @default false: several share them */
  readonly soleOwner?: boolean;
  /** Called after each operation with changes of state that operators receive. */
  readonly report?: ReportChanges;
}

/** A ledger in this thread that runs each operation at once: for simulation and tests. */
export function ledgerOver(store: Store, options: InProcessOptions = {}): Ledger {
  const clock = new LedgerClock(options.clock ?? systemClock);
  const commits = new CommitNotifier(options.report);
  const core = new LedgerCore(store, {
    settings: options.settings ?? defaultSettings,
    random: options.random ?? Math.random,
    nowMs: clock.now(),
    startedAtMs: clock.now(),
    soleOwner: options.soleOwner ?? false,
    onIncidentStored: commits.addIncident,
    onStateChange: commits.addStateChange,
  });
  const run = async <O extends Operation>(operation: O, args: OperationArguments<O>): Promise<OperationResult<O>> => {
    core.at(clock.now());
    const result = (core[operation] as (...args: OperationArguments<O>) => OperationResult<O>)(...args);
    commits.commit();
    return result;
  };
  return ledgerProxy({ run, watch: commits.watchers.watch, close: async () => {} });
}

export const memoryLedger = (options: InProcessOptions = {}): Ledger => ledgerOver(new MemoryStore(), options);
