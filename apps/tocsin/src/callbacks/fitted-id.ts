import { createHash } from "node:crypto";

/** Longest id that the ledger takes, characters. */
const maxIdLength = 200;

/** Returns an id of a receiver as the ledger takes it: a longer one is replaced by its SHA-256. */
export const fittedId = (id: string): string =>
  id.length <= maxIdLength ? id : createHash("sha256").update(id).digest("hex");
