/* Parts of tests that need no test runner: for scripts and child processes. */
export * from "./changes.ts";
export * from "./claims.ts";
export * from "./fake-receiver.ts";
export * from "./incident-of.ts";
export * from "./merged-alert.ts";
export * from "./receiver-event-of.ts";
export * from "./random.ts";
export * from "./scratch.ts";
export * from "./target-terms.ts";
export * from "./test-postgres.ts";
export * from "./virtual-clock.ts";
export * from "./virtual-service.ts";
export * from "./change-collector.ts";
