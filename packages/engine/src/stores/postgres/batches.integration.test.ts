// How operations share transactions. `sqlite/ledger.integration.test.ts` has the same for SQLite.
import { type Ledger, LedgerUnavailable, type RoutedClaim } from "@tocsin/core";
import { firing, targetTerms, wanted } from "@tocsin/test";
import { expect, test } from "vitest";
import { openPostgresLedger } from "./ledger.ts";
import { testServers } from "./server.fixture.ts";

const [server] = testServers(process.env["DATABASE_URL"]);

/** Only a bug in the service would make this call. */
const bug = { claim: firing("bug"), routes: null } as unknown as RoutedClaim;

const accepted = (fingerprint: string) => ({ value: [{ fingerprint, effect: "accepted" }] });

const recordAll = (ledger: Ledger, names: readonly string[]) =>
  Promise.all(names.map((name) => ledger.record([wanted(firing(name))])));

async function openLedger(): Promise<
  AsyncDisposable & { readonly ledger: Ledger; readonly transactions: () => Promise<number> }
> {
  if (!server) throw new Error("there is a server");
  const { schema, [Symbol.asyncDispose]: leave } = await server.empty();
  const ledger = await openPostgresLedger({ server: schema.address, connect: schema.connect });
  return {
    ledger,
    transactions: async () => Number((await schema.rows("SELECT seq FROM ledger"))[0]?.["seq"]),
    async [Symbol.asyncDispose]() {
      await ledger[Symbol.asyncDispose]();
      await leave();
    },
  };
}

test("a bug in one operation costs the others of its batch nothing, and its error says where it was", async () => {
  await using store = await openLedger();
  const { ledger } = store;
  await ledger.useTargets([targetTerms("pagerduty")]);
  const answers = await Promise.allSettled([
    ledger.record([wanted(firing("a"))]),
    ledger.unblock("pagerduty", null as unknown as { proven: boolean }),
    ledger.record([wanted(firing("b"))]),
    ledger.record([wanted(firing("lost")), bug]),
    ledger.record([wanted(firing("c"))]),
  ]);
  const failed = { reason: { stack: expect.stringContaining("TypeError") as string } };
  expect(answers).toMatchObject([accepted("a"), failed, accepted("b"), failed, accepted("c")]);
  for (const answer of [answers[1], answers[3]])
    expect(answer).not.toMatchObject({ reason: expect.any(LedgerUnavailable) as Error });
  expect((await ledger.firing({ limit: 9 })).map(({ fingerprint }) => fingerprint)).toEqual(["a", "b", "c"]);
  const request = { owner: "w", max: 9, concurrency: 9, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } };
  expect((await ledger.leaseDue(request)).leases.map(({ dedupKey }) => dedupKey)).toEqual(["a", "b", "c"]);
});

test("a lease takes what the same batch records after it, and one before a release does not", async () => {
  await using store = await openLedger();
  const { ledger } = store;
  await ledger.useTargets([targetTerms("pagerduty")]);
  const request = { owner: "w", max: 9, concurrency: 9, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } };
  const [first] = await Promise.all([ledger.leaseDue(request), ledger.record([wanted(firing("a"))])]);
  expect(first.leases.map(({ dedupKey }) => dedupKey)).toEqual(["a"]);
  const [last] = await Promise.all([
    ledger.leaseDue(request),
    ledger.record([wanted(firing("b"))]),
    ledger.release("w"),
  ]);
  expect(last.leases).toEqual([]);
});

test("operations asked before the ledger was closed are done, later ones are refused", async () => {
  await using store = await openLedger();
  const { ledger } = store;
  const asked = recordAll(ledger, ["a", "b", "c"]);
  await ledger[Symbol.asyncDispose]();
  expect(await asked).toHaveLength(3);
  await expect(ledger.probe()).rejects.toThrow("the ledger is closed");
  await expect(ledger.probe()).rejects.toBeInstanceOf(LedgerUnavailable);
});

test("at most 512 operations share a transaction", async () => {
  await using store = await openLedger();
  const before = await store.transactions();
  await recordAll(
    store.ledger,
    Array.from({ length: 1_025 }, (_, n) => `a${n}`),
  );
  expect((await store.transactions()) - before).toBe(3);
});
