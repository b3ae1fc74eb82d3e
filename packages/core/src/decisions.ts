/**
 * The vocabulary, the ports and the decisions that the engine takes: all without a schema, template or pattern library, so
 * that the ledger's thread loads none of them.
 */
export * from "./model/alert.ts";
export * from "./model/claim.ts";
export * from "./model/event.ts";
export * from "./model/incident.ts";
export * from "./model/outcome.ts";
export * from "./model/reading.ts";
export * from "./model/settings.ts";
export * from "./model/severity.ts";
export * from "./ports/clock.ts";
export * from "./ports/ledger.ts";
export * from "./ports/publisher.ts";
export * from "./stages/confirm-claim.ts";
export * from "./stages/content.ts";
export * from "./stages/due.ts";
export * from "./stages/event-mark.ts";
export * from "./stages/expire-claim.ts";
export * from "./stages/merge-claim.ts";
export * from "./stages/plan.ts";
export * from "./stages/settle.ts";
