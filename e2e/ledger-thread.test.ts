import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeliverySettings } from "@tocsin/core";
import { openSqliteLedger } from "@tocsin/engine";
import { ledgerContract } from "@tocsin/testkit";

// The ledger as the service runs it: in a thread of its own, on a file, on the system's clock.
ledgerContract("SQLite in a thread of its own", {
  virtualTime: false,
  open: ({ settings }) => openSqliteLedger({ path: ":memory:", settings }),
  durable: async () => {
    const directory = await mkdtemp(join(tmpdir(), "tocsin-ledger-"));
    return {
      open: ({ settings }: { readonly settings: DeliverySettings }) =>
        openSqliteLedger({ path: join(directory, "tocsin.db"), settings }),
      [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
    };
  },
});
