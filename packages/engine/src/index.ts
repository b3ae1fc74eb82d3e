export { defaultSettings, deliverySettings } from "./config.ts";
export { type InProcessOptions, ledgerOver, memoryLedger } from "./ledger/memory-ledger.ts";
export { MemoryStore } from "./ledger/memory-store.ts";
export { addressIn, shownAddress } from "./ledger/postgres/address.ts";
export type { PostgresServer } from "./ledger/postgres/connecting.ts";
export { type Copied, copyLedger, type CopyOptions } from "./ledger/postgres/copy-ledger.ts";
export { openPostgresLedger, type OpenPostgresOptions } from "./ledger/postgres/postgres-ledger.ts";
export { openSqliteLedger, type OpenSqliteOptions } from "./ledger/sqlite/sqlite-ledger.ts";
export { type Attempt, startWorker, type Worker, type WorkerObserver, type WorkerOptions } from "./worker.ts";
