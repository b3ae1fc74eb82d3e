export { defaultSettings, deliverySettings } from "./config.ts";
export { type InProcessOptions, ledgerOver, memoryLedger } from "./ledger/memory-ledger.ts";
export { MemoryStore } from "./ledger/memory-store.ts";
export { openSqliteLedger, type OpenSqliteOptions } from "./ledger/sqlite/sqlite-ledger.ts";
export { type Attempt, startWorker, type Worker, type WorkerObserver, type WorkerOptions } from "./worker.ts";
