import { heldFirings } from "./ledger/held-firings.ts";
import { describe } from "vitest";
import { changes } from "./ledger/changes.ts";
import { claims } from "./ledger/claims.ts";
import { explain } from "./ledger/explain.ts";
import { fallbacks } from "./ledger/fallbacks.ts";
import { groupUpdates } from "./ledger/group-updates.ts";
import { rateLimits } from "./ledger/rate-limits.ts";
import { blockedTargets } from "./ledger/blocked-targets.ts";
import { breakers } from "./ledger/breakers.ts";
import { retention } from "./ledger/retention.ts";
import { queries } from "./ledger/queries.ts";
import { summaries } from "./ledger/summaries.ts";
import { leasing } from "./ledger/leasing.ts";
import { lostLeases } from "./ledger/lost-leases.ts";
import { targetChanges } from "./ledger/target-changes.ts";
import { restart } from "./ledger/restart.ts";
import { expiry } from "./ledger/expiry.ts";
import { operators } from "./ledger/operators.ts";
import { readings } from "./ledger/readings.ts";
import { recording } from "./ledger/recording.ts";
import { reminders } from "./ledger/reminders.ts";
import { lateReports } from "./ledger/late-reports.ts";
import { settling } from "./ledger/settle.ts";
import { sharedCredentials } from "./ledger/shared-credentials.ts";
import { repeats } from "./ledger/repeats.ts";
import { eventIds } from "./ledger/event-ids.ts";
import { changeWatchers } from "./ledger/change-watchers.ts";
import { receipts } from "./ledger/receipts.ts";
import { traces } from "./ledger/traces.ts";
import type { LedgerSubject } from "./ledger/ledger-harness.ts";

export type { LedgerOptions, LedgerSubject } from "./ledger/ledger-harness.ts";

/** The promises of every ledger (`Ledger` in core): the same tests for each, except for features that it declares to lack. */
export function ledgerContract(name: string, subject: LedgerSubject): void {
  describe(`${name} keeps the ledger's promises`, () => {
    recording(subject);
    if (subject.virtualTime) claims(subject);
    if (subject.virtualTime) changes(subject);
    readings(subject);
    if (subject.virtualTime) expiry(subject);
    if (subject.virtualTime) reminders(subject);
    if (subject.virtualTime) repeats(subject);
    if (subject.virtualTime) groupUpdates(subject);
    leasing(subject);
    settling(subject);
    if (subject.virtualTime) lostLeases(subject);
    if (subject.virtualTime) rateLimits(subject);
    if (subject.virtualTime) breakers(subject);
    if (subject.virtualTime) blockedTargets(subject);
    if (subject.virtualTime) sharedCredentials(subject);
    eventIds(subject);
    targetChanges(subject);
    if (subject.virtualTime) heldFirings(subject);
    fallbacks(subject);
    operators(subject);
    queries(subject);
    summaries(subject);
    if (subject.virtualTime) retention(subject);
    explain(subject);
    restart(subject);
    changeWatchers(subject);
    lateReports(subject);
    traces(subject);
    receipts(subject);
  });
}
