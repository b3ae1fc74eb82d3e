import type { Operation } from "./ledger-proxy.ts";

/** The operations for which a sender waits: after `maxIntakeMs` it gets a 503 and repeats its request. */
export const intakeOperations: ReadonlySet<Operation> = new Set(["record", "recordChanges", "storeReceiverEvents"]);
