import { ledgerContract, Scratch } from "@tocsin/testkit";
import { memoryLedger } from "./memory-ledger.ts";
import { openSqliteLedger, type OpenSqliteOptions } from "./sqlite/sqlite-ledger.ts";

/** A directory with one ledger file, opened as often as its test likes. */
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
