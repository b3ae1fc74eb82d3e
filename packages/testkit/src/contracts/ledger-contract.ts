import { describe } from "vitest";
import { claims } from "./ledger/claims.ts";
import { explaining } from "./ledger/explaining.ts";
import { fallingBack } from "./ledger/falling-back.ts";
import { groupUpdates } from "./ledger/group-updates.ts";
import { heldFirings } from "./ledger/held-firings.ts";
import { holdingBack } from "./ledger/holding-back.ts";
import { keeping } from "./ledger/keeping.ts";
import { leasing } from "./ledger/leasing.ts";
import { losingLeases } from "./ledger/losing-leases.ts";
import { movingTargets } from "./ledger/moving-targets.ts";
import { outliving } from "./ledger/outliving.ts";
import { passingTime } from "./ledger/passing-time.ts";
import { people } from "./ledger/people.ts";
import { readings } from "./ledger/readings.ts";
import { recording } from "./ledger/recording.ts";
import { reminders } from "./ledger/reminders.ts";
import { reporting } from "./ledger/reporting.ts";
import { settling } from "./ledger/settling.ts";
import { sharing } from "./ledger/sharing.ts";
import { tellingAgain } from "./ledger/telling-again.ts";
import { tellingEvents } from "./ledger/telling-events.ts";
import { watching } from "./ledger/watching.ts";
import type { LedgerSubject } from "./ledger/stage.ts";

export type { LedgerOptions, LedgerSubject } from "./ledger/stage.ts";

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
