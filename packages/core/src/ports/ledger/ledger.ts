import type { ChangeLog } from "./change-log.ts";
import type { Changes } from "./changes.ts";
import type { Delivery } from "./delivery.ts";
import type { Intake } from "./intake.ts";
import type { Operator } from "./operator.ts";
import type { Queries } from "./queries.ts";
import type { ReceiverEvents } from "./receiver-events.ts";
import type { Values } from "./values.ts";
import type { Verdicts } from "./verdicts.ts";

/**
 * The store of alerts and incidents: for each incident the desired state and the delivered state, never a list of messages.
 *
 * Promises:
 * - When a method's promise resolves, its effect is durable: a crash, even of the machine, loses none of it.
 * - An incident has at most one live lease (I2).
 * - The limiter is charged before the lease is returned (I4).
 * - Times are decided by the ledger's own clock, which never runs backwards.
 *
 * Contract: `ledgerContract`.
 *
 * @throws LedgerUnavailable from every method while the ledger cannot commit (disk full, locked); nothing was changed.
 */
export type Ledger = Intake &
  Delivery &
  Queries &
  Operator &
  Values &
  ChangeLog &
  Changes &
  ReceiverEvents &
  Verdicts &
  AsyncDisposable;

/** A ledger in one file, which can be copied while it is in use. */
export interface BackedUpLedger extends Ledger {
  /**
   * Writes a consistent copy to a new file that only its owner can read. Other operations continue meanwhile.
   *
   * @throws Error if the copy cannot be written
   */
  backup(file: string): Promise<void>;
}

export const canBackUp = (ledger: Ledger): ledger is BackedUpLedger => "backup" in ledger;

/** The ledger cannot commit: senders get 503 and repeat, readiness is false, and nothing that was accepted is lost. */
export class LedgerUnavailable extends Error {
  override readonly name = "LedgerUnavailable";
  readonly code = "ledger_unavailable";
}
