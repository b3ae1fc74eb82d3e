import { randomBytes } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { once } from "node:events";
import { canBackUp, type Ledger, LedgerUnavailable } from "@tocsin/core";
import type { Endpoint } from "../endpoint.ts";
import { conflict, unavailable } from "../problem.ts";

export interface Backups {
  readonly ledger: Ledger;
  /** The ledger's file. Undefined: the ledger is in PostgreSQL, or only in memory. */
  readonly file: string | undefined;
}

export const backupEndpoints = ({ ledger, file }: Backups): Endpoint[] => [
  {
    method: "GET",
    path: "/api/v1/ledger/backup",
    role: "operate",
    does: "a consistent copy of the SQLite ledger; credentials in it stay encrypted, and the key is not in it",
    async answer(_request, reply) {
      if (file === undefined || !canBackUp(ledger))
        throw conflict("the ledger is not a SQLite file; back up PostgreSQL with its own tools, such as pg_dump");
      // Written beside the ledger, in a directory that only its owner can read.
      const copy = `${file}.backup-${randomBytes(6).toString("hex")}`;
      try {
        await ledger.backup(copy).catch(cannotCopy);
        const stream = createReadStream(copy);
        await once(stream, "open");
        void reply.type("application/vnd.sqlite3");
        return stream;
      } finally {
        // An open file can still be read after its name is deleted.
        for (const suffix of ["", "-journal"]) rmSync(`${copy}${suffix}`, { force: true });
      }
    },
  },
];

/** Most likely the disk is full. This is not a bug, and the message is all that an operator needs. */
function cannotCopy(error: Error): never {
  if (error instanceof LedgerUnavailable) throw error;
  throw unavailable(`${error.message}. The copy is written beside the ledger and needs as much room as the ledger`);
}
