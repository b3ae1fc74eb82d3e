import { randomBytes } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { once } from "node:events";
import { canBackUp, type Ledger, LedgerUnavailable } from "@tocsin/core";
import type { Endpoint } from "../endpoint.ts";
import { conflict, unavailable } from "../problem.ts";

export interface Backups {
  readonly ledger: Ledger;
  /** The ledger's file; undefined: it is in PostgreSQL, or in memory only. */
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
      // Beside the ledger: the disk that has room for one has room for the other, and only its owner can look there.
      const copy = `${file}.backup-${randomBytes(6).toString("hex")}`;
      try {
        await ledger.backup(copy).catch(cannotCopy);
        const stream = createReadStream(copy);
        await once(stream, "open");
        void reply.type("application/vnd.sqlite3");
        return stream;
      } finally {
        // What is open can still be read.
        for (const suffix of ["", "-journal"]) rmSync(`${copy}${suffix}`, { force: true });
      }
    },
  },
];

/** Most likely the disk is full: no fault of the program, and the message is all that an operator needs. */
function cannotCopy(error: Error): never {
  if (error instanceof LedgerUnavailable) throw error;
  throw unavailable(`${error.message}. The copy is written beside the ledger and needs as much room as the ledger`);
}
