import { heldFirings } from "./ledger/held-firings.ts";
import { describe } from "vitest";
import { claims } from "./ledger/claims.ts";
import { explaining } from "./ledger/explain.ts";
import { fallingBack } from "./ledger/fallbacks.ts";
import { groupUpdates } from "./ledger/group-updates.ts";
import { holdingBack } from "./ledger/rate-limits.ts";
import { keeping } from "./ledger/queries.ts";
import { leasing } from "./ledger/leasing.ts";
import { losingLeases } from "./ledger/lost-leases.ts";
import { movingTargets } from "./ledger/target-changes.ts";
import { outliving } from "./ledger/restart.ts";
import { passingTime } from "./ledger/expiry.ts";
import { people } from "./ledger/operators.ts";
import { readings } from "./ledger/readings.ts";
import { recording } from "./ledger/recording.ts";
import { reminders } from "./ledger/reminders.ts";
import { reporting } from "./ledger/late-reports.ts";
import { settling } from "./ledger/settling.ts";
import { sharing } from "./ledger/shared-credentials.ts";
import { tellingAgain } from "./ledger/repeats.ts";
import { tellingEvents } from "./ledger/event-ids.ts";
import { watching } from "./ledger/change-watchers.ts";
import type { LedgerSubject } from "./ledger/ledger-harness.ts";

export type { LedgerOptions, LedgerSubject } from "./ledger/ledger-harness.ts";

/** What any ledger promises (`Ledger` in core): the same tests for each, save for what it declares that it cannot do. */
export function ledgerContract(name: string, subject: LedgerSubject): void {
  describe(`${name} keeps the ledger's promises`, () => {
    recording(subject);
    if (subject.virtualTime) claims(subject);
    readings(subject);
    if (subject.virtualTime) passingTime(subject);
    if (subject.virtualTime) reminders(subject);
    if (subject.virtualTime) tellingAgain(subject);
    if (subject.virtualTime) groupUpdates(subject);
    leasing(subject);
    settling(subject);
    if (subject.virtualTime) losingLeases(subject);
    if (subject.virtualTime) holdingBack(subject);
    if (subject.virtualTime) sharing(subject);
    tellingEvents(subject);
    movingTargets(subject);
    if (subject.virtualTime) heldFirings(subject);
    fallingBack(subject);
    people(subject);
    keeping(subject);
    explaining(subject);
    outliving(subject);
    watching(subject);
    reporting(subject);
  });
}
