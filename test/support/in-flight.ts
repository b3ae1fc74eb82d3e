import type { TestPostgres } from "@tocsin/test";
import { queryPostgres } from "./query-postgres.ts";
import type { Service } from "./tocsin.ts";
import { waitUntil } from "./wait-until.ts";

/** An attempt that the ledger leased, and whose outcome it does not know. By wall clock. */
export interface InFlightAttempt {
  readonly dedupKey: string;
  readonly sinceMs: number;
  readonly leaseUntilMs: number;
}

/**
 * The attempts in flight of a replica that was just killed or stopped: their outcomes are recorded nowhere. They are read from the ledger, which is right even if a commit was slow.
 */
export const inFlightAt = (postgres: TestPostgres, { process }: Service): Promise<readonly InFlightAttempt[]> =>
  waitUntil("the ledger says what is under way", async () => {
    const rows = await queryPostgres<{ dedup_key: string; facts: string }>(
      postgres.url,
      "SELECT i.dedup_key, f.facts FROM flights f JOIN incidents i ON i.id = f.incident",
    );
    return rows.flatMap(({ dedup_key: dedupKey, facts }) => {
      const { owner, sinceMs, leaseUntilMs } = JSON.parse(facts) as InFlightAttempt & { readonly owner: string };
      return owner.includes(`-${process.pid}-`) ? [{ dedupKey, sinceMs, leaseUntilMs }] : [];
    });
  });
