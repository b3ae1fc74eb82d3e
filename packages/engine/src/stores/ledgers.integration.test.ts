import { firing, ledgerContract, Scratch, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import type { Verdict } from "@tocsin/core/decisions";
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

test("the cache of verdicts has at most 10,000 shapes, drops the oldest first, and each hour those that ended", async () => {
  const clock = new VirtualClock();
  const ledger = memoryLedger({ clock });
  const owner = "one";
  const verdict: Verdict = { ...noVerdict, severity: "error", confidence: 1 };
  const ask = async (shape: string, cacheForMs: number) => {
    await ledger.claimShape({ shape, owner, leaseMs: 1, maxCallsPerHour: undefined, maxTokensPerHour: undefined });
    await ledger.storeShape({ shape, owner, verdict, promptHash: "", cacheForMs, tokens: 1 });
  };
  const cached = async () => (await ledger.cachedVerdicts(20_000)).map(({ shape }) => shape);
  await ask("oldest", 1e9);
  await clock.advance(1);
  for (let n = 1; n < 10_000; n++) await ask(`s${n}`, n < 5_000 ? 60_000 : 1e9);
  expect(await cached()).toHaveLength(10_000);
  await clock.advance(1);
  await ask("newest", 1e9);
  const kept = await cached();
  expect(kept).toHaveLength(9_001);
  expect(kept).toContain("newest");
  expect(kept).not.toContain("oldest");
  await clock.advance(3_600_000);
  await ask("next hour", 1e9);
  const left = (await cached()).length;
  expect(left).toBeLessThan(5_003);
  // As many as there is room for: the ended ones are gone, not only hidden.
  for (let n = 0; n < 10_000 - left; n++) await ask(`t${n}`, 1e9);
  expect(await cached()).toHaveLength(10_000);
});

const noVerdict = { reasoning: "", recommendations: [], category: "", model: "", provider: "openai" } as const;
