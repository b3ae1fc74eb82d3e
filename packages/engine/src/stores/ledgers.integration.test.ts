import { firing, ledgerContract, Scratch, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { expect, test } from "vitest";
import { ledgerOver, memoryLedger } from "./memory/ledger.ts";
import { MemoryStore } from "./memory/store.ts";
import { openSqliteLedger, type OpenSqliteOptions } from "./sqlite/ledger.ts";

/** A directory with one ledger file, which a test may open several times. */
async function onFile() {
  const scratch = new Scratch();
  const path = scratch.file("tocsin.db");
  return {
    open: (given: Omit<OpenSqliteOptions, "path">) => openSqliteLedger({ ...given, path, thread: false }),
    [Symbol.asyncDispose]: async () => scratch[Symbol.dispose](),
  };
}

ledgerContract("memory", {
  virtualTime: true,
  open: async (options) => memoryLedger(options),
});

ledgerContract("SQLite in this thread", {
  virtualTime: true,
  open: (options) => openSqliteLedger({ ...options, path: ":memory:", thread: false }),
  durable: onFile,
});

test("a replica that opens shared rows respects the leases of others until they end", async () => {
  const [store, clock] = [new MemoryStore(), new VirtualClock()];
  const request = { max: 9, concurrency: 9, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } };
  const one = ledgerOver(store, { clock });
  await one.useTargets([targetTerms("pagerduty")]);
  await one.record([wanted(firing("a"))]);
  const [lease] = (await one.leaseDue({ ...request, owner: "one" })).leases;
  const two = ledgerOver(store, { clock });
  const early = await two.leaseDue({ ...request, owner: "two" });
  expect(early).toMatchObject({ leases: [], nextAtMs: lease?.leaseUntilMs });
  await clock.advance(lease?.leaseMs ?? 0);
  expect((await two.leaseDue({ ...request, owner: "two" })).leases).toMatchObject([{ dedupKey: "a" }]);
});
