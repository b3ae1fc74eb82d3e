import type { Ledger } from "@tocsin/core/decisions";
import type { LedgerOptions } from "@tocsin/test";
import { scenarioOf, simulate } from "@tocsin/test/simulation";
import { expect, test } from "vitest";
import { openPostgresLedger } from "./ledger.ts";
import { type TestSchema, testServers } from "./server.fixture.ts";

/** TOCSIN_SEEDS sets more seeds. A history over a real database takes some seconds. */
const seeds = (process.env["TOCSIN_SEEDS"] ?? "2").split(",").map(Number);

/** Uses the ledgers of two replicas in turn, so that each finds what the other wrote meanwhile. */
async function inTurn({ address, connect }: TestSchema, options: LedgerOptions): Promise<Ledger> {
  const open = () => openPostgresLedger({ ...options, server: address, connect });
  const ledgers = [await open(), await open()] as const;
  let turn = 0;
  return new Proxy({} as Ledger, {
    get: (_, operation) =>
      operation === Symbol.asyncDispose
        ? async () => {
            for (const ledger of ledgers) await ledger[Symbol.asyncDispose]();
          }
        : ledgers[turn++ % 2]?.[operation as keyof Ledger],
  });
}

const [server] = testServers(process.env["DATABASE_URL"]);
test.for(seeds)(
  `${server?.name} keeps every promise in history %i, at two replicas in turn`,
  { timeout: 600_000 },
  async (seed) => {
    if (!server) throw new Error("there is a server");
    await using empty = await server.empty();
    // Replicas respect leases of earlier processes, so a process starts after those leases ended. The seed decides the rest.
    const scenario = { ...scenarioOf(seed), ledger: "memory", lives: "apart" } as const;
    const told = await simulate(scenario, { openLedger: (options) => inTurn(empty.schema, options) });
    expect(told.violations).toEqual([]);
    expect(told.attempts).toBeGreaterThan(0);
  },
);
