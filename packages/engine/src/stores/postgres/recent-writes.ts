import type { Incident } from "@tocsin/core/decisions";
import type { AlertRecord } from "../../ledger/store.ts";
import type { UnitOfWork } from "./unit-of-work.ts";
import { indexKey } from "./index-key.ts";

/** Total length of the rows that are kept, in characters of JSON. */
const maxLength = 6_000_000;
/** Typical length of an incident, and of an alert without its content. */
const rowLength = 500;
/** PostgreSQL compares each row that it reads with all of them. */
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
 * The rows that the last transactions of this connection wrote. PostgreSQL knows for each row which transaction wrote it
 * (`xmin`). If it was one of these, PostgreSQL sends only the key of the row, and this class has the rest.
 */
export class RecentWrites {
  readonly #transactions: Transaction[] = [];
  readonly #incidents = new Map<number, Kept<Incident>>();
  readonly #alerts = new Map<string, Kept<AlertRecord>>();
  #length = 0;

  /** The numbers of these transactions, as a PostgreSQL array. Every row that one of them wrote last is kept here. */
  get transactions(): string {
    return `{${this.#transactions.map(({ id }) => id).join(",")}}`;
  }

  incident(id: number): Incident {
    return existing(this.#incidents.get(id));
  }

  /** @param key the stored key (`indexKey`) */
  alert(key: string): AlertRecord {
    return existing(this.#alerts.get(key));
  }

  /** @param transaction the number from `pg_current_xact_id`; already committed */
  wrote(transaction: string, { inserted, rewritten, incidentsPut, alertsPut }: Written): void {
    const incidents = [...new Set([...inserted, ...rewritten])];
    const alerts = Array.from(alertsPut.keys(), indexKey);
    if (incidents.length + alerts.length === 0) return;
    let length = (incidents.length + alerts.length) * rowLength;
    for (const { after } of alertsPut.values()) length += after.content.length;
    // `xmin` holds only the low 32 bits of that number.
    const by = { id: String(BigInt(transaction) & 0xffff_ffffn), incidents, alerts, length };
    this.#transactions.push(by);
    this.#length += length;
    // A flight is a separate row, so an incident is kept without it.
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

  /** For a new connection: another server may use the same numbers for other transactions. */
  clear(): void {
    this.#transactions.length = 0;
    this.#incidents.clear();
    this.#alerts.clear();
    this.#length = 0;
  }
}

function existing<T>(kept: Kept<T> | undefined): T {
  if (!kept) throw new Error("a row that this connection wrote is not in RecentWrites");
  return kept.row;
}
