/**
 * Entry point `@tocsin/core/decisions`: the vocabulary, the ports, and the decisions that the engine uses. Nothing here needs the
 * schema, template or pattern library, so the ledger's thread loads none of them.
 */
export * from "../alerts/alert.ts";
export * from "../alerts/claim.ts";
export * from "../changes/change.ts";
export * from "../changes/change-alert.ts";
export * from "../incidents/event.ts";
export * from "../incidents/incident.ts";
export * from "../incidents/outcome.ts";
export type { Labels } from "../alerts/labels.ts";
export * from "../alerts/reading.ts";
export * from "../incidents/delivery-settings.ts";
export * from "../alerts/severity.ts";
export * from "../ports/clock.ts";
export type { Route } from "../alerts/route.ts";
export * from "../ports/ledger/change-log.ts";
export * from "../ports/ledger/changes.ts";
export * from "../ports/ledger/delivery.ts";
export * from "../ports/ledger/intake.ts";
export * from "../ports/ledger/ledger.ts";
export * from "../ports/ledger/operator.ts";
export * from "../ports/ledger/queries.ts";
export * from "../ports/ledger/receiver-events.ts";
export * from "../ports/ledger/target-terms.ts";
export * from "../ports/ledger/values.ts";
export * from "../ports/publisher.ts";
export * from "./confirm-by.ts";
export * from "./confirm-claim.ts";
export { changeFingerprint } from "./dedup-key.ts";
export * from "./compare-with-receiver.ts";
export * from "./content-hash.ts";
export * from "./apply-wish.ts";
export * from "./merge-receiver-event.ts";
export * from "./receiver-episode.ts";
export * from "./next-action.ts";
export * from "./event-identity.ts";
export * from "./expire-claim.ts";
export * from "./merge-claim.ts";
export * from "./derive-state.ts";
export * from "./desired-state.ts";
export * from "./late-attempts.ts";
export * from "./related-changes.ts";
export * from "./reminders.ts";
export * from "./repeat-cause.ts";
export * from "./urgency.ts";
export * from "./backoff.ts";
export * from "./settle.ts";
