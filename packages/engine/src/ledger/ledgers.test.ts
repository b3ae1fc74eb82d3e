import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ledgerContract } from "@tocsin/testkit";
import { memoryLedger } from "./memory-ledger.ts";
import { openSqliteLedger, type OpenSqliteOptions } from "./sqlite/sqlite-ledger.ts";

/** A directory with one ledger file, opened as often as its test likes. */
async function onFile() {
  const directory = await mkdtemp(join(tmpdir(), "tocsin-ledger-"));
  const path = join(directory, "tocsin.db");
  return {
    open: (given: Omit<OpenSqliteOptions, "path">) => openSqliteLedger({ ...given, path, thread: false }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
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
