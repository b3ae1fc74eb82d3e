import type { SummaryBody } from "../api/summary-body.ts";

/** Since when the critical of the list that has waited longest is due. Undefined: no critical is due. */
export const oldestCriticalSince = ({ oldestDue }: Pick<SummaryBody, "oldestDue">): string | undefined =>
  oldestDue
    .flatMap(({ severity, dueSince, wanted }) => (severity === "critical" ? [dueSince ?? wanted.at] : []))
    .toSorted()[0];
