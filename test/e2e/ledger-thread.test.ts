import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteLedger, type OpenSqliteOptions } from "@tocsin/engine";
import { ledgerContract } from "@tocsin/test";

/** The contract's clock and chance stay outside: the thread has the system's. */
const open = ({ settings, report }: Omit<OpenSqliteOptions, "path">, path: string) =>
  openSqliteLedger({ path, ...(settings && { settings }), ...(report && { report }) });

// The ledger as the service runs it: in a thread of its own, on a file, on the system's clock.
ledgerContract("SQLite in a thread of its own", {
  virtualTime: false,
  open: (options) => open(options, ":memory:"),
  durable: async () => {
    const directory = await mkdtemp(join(tmpdir(), "tocsin-ledger-"));
    return {
      open: (options) => open(options, join(directory, "tocsin.db")),
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
    };
  },
});
