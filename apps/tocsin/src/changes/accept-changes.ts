import type { Change, RecordedChange } from "@tocsin/core";

/** Options of `AcceptChanges`. */
export interface AcceptOptions {
  /**
   * Names of the targets that receive the changes, whatever their filters say. Their `enabled`, `mode` and `changes` still apply.
   * @default the targets whose filters the changes pass
   */
  readonly targets?: readonly string[];
}

/**
 * Accepts valid changes: routes, records and counts them, and wakes the worker. Resolves after the commit, with one result per
 * change, in order. The HTTP endpoint, the change sources and the watcher of rollouts use it.
 *
 * @throws LedgerUnavailable if the ledger cannot commit; nothing was recorded
 */
export type AcceptChanges = (changes: readonly Change[], options?: AcceptOptions) => Promise<readonly RecordedChange[]>;
