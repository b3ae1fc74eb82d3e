import type { Incident } from "@tocsin/core/decisions";
import type { AlertRecord } from "../../ledger/store.ts";
import type { UnitOfWork } from "./unit-of-work.ts";
import { indexKey } from "./index-key.ts";

/** Of what is kept, in characters of JSON. */
const maxLength = 6_000_000;
/** What a usual incident is, and an alert beside its content. */
const rowLength = 500;
/** Each row that is read is compared with them. */
const maxTransactions = 128;

type Written = Pick<UnitOfWork, "inserted" | "rewritten" | "incidentsPut" | "alertsPut">;

interface Kept<T> {
  readonly row: T;
  readonly by: Transaction;
}

interface Transaction {
  readonly id: string;
  readonly incidents: readonly number[];
  readonly alerts: readonly string[];
  readonly length: number;
}

/**
 * Rows as the last transactions of this connection wrote them. PostgreSQL knows of each row which transaction wrote it (`xmin`),
 * so a row that is still one of these need not be sent: only that it is.
 */
export class RecentWrites {
  readonly #transactions: Transaction[] = [];
  readonly #incidents = new Map<number, Kept<Incident>>();
  readonly #alerts = new Map<string, Kept<AlertRecord>>();
  #length = 0;

  /** Their numbers, as PostgreSQL writes a list. Every row that one of them wrote last is here. */
  get transactions(): string {
    return `{${this.#transactions.map(({ id }) => id).join(",")}}`;
  }

  incident(id: number): Incident {
    return existing(this.#incidents.get(id));
  }

  /** By its key as it is stored. */
  alert(key: string): AlertRecord {
    return existing(this.#alerts.get(key));
  }

  /** @param transaction as `pg_current_xact_id` says it; committed by now */
  wrote(transaction: string, { inserted, rewritten, incidentsPut, alertsPut }: Written): void {
    const incidents = [...new Set([...inserted, ...rewritten])];
    const alerts = Array.from(alertsPut.keys(), indexKey);
    if (incidents.length + alerts.length === 0) return;
    let length = (incidents.length + alerts.length) * rowLength;
    for (const { after } of alertsPut.values()) length += after.content.length;
    // A row holds what the first 32 bits of that number are.
    const by = { id: String(BigInt(transaction) & 0xffff_ffffn), incidents, alerts, length };
    this.#transactions.push(by);
    this.#length += length;
    // Flights are rows of their own.
    for (const id of incidents)
      this.#incidents.set(id, { row: { ...(incidentsPut.get(id) as Incident), flight: null }, by });
    for (const { after } of alertsPut.values()) this.#alerts.set(indexKey(after.fingerprint), { row: after, by });
    while (this.#transactions.length > maxTransactions || (this.#length > maxLength && this.#transactions.length > 0))
      this.#forget(this.#transactions.shift() as Transaction);
  }

  #forget(transaction: Transaction): void {
    this.#length -= transaction.length;
    for (const id of transaction.incidents) if (this.#incidents.get(id)?.by === transaction) this.#incidents.delete(id);
    for (const key of transaction.alerts) if (this.#alerts.get(key)?.by === transaction) this.#alerts.delete(key);
  }

  /** Another server may give the same numbers to other transactions. */
  clear(): void {
    this.#transactions.length = 0;
    this.#incidents.clear();
    this.#alerts.clear();
    this.#length = 0;
  }
}

function existing<T>(kept: Kept<T> | undefined): T {
  if (!kept) throw new Error("a row of our own transaction is not at hand");
  return kept.row;
}
