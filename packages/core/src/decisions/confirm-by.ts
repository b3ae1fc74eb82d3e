import type { Incident, Wanted } from "../incidents/incident.ts";
import type { DueTerms } from "./next-action.ts";

/** The incident without its `confirmBy` if nothing has to be confirmed any more: the receiver did, or the target's option was removed. */
export function withoutNeedlessConfirmBy(
  incident: Incident,
  { confirmWithinMs }: Pick<DueTerms, "confirmWithinMs">,
): Incident {
  if (incident.confirmBy === undefined) return incident;
  const { confirmBy: _, ...others } = incident;
  return confirmWithinMs === undefined || incident.receiver?.confirmedAtMs !== undefined || incident.told === null
    ? others
    : incident;
}

/**
 * By when the receiver must report that it has this critical; undefined: it need not, or the time passed before. A person who
 * acknowledges the incident has seen it.
 */
export const confirmDueAtMs = ({ confirmBy, wanted }: Incident): number | undefined =>
  confirmBy !== undefined && confirmBy.missed !== true && needsConfirmation(wanted) ? confirmBy.atMs : undefined;

/** Whether the incident is a critical whose receiver accepted it and did not confirm it in time. */
export const isUnconfirmedCritical = ({ confirmBy, wanted }: Pick<Incident, "confirmBy" | "wanted">): boolean =>
  confirmBy?.missed === true && needsConfirmation(wanted);

const needsConfirmation = ({ status, severity, acknowledged }: Wanted): boolean =>
  status === "firing" && severity === "critical" && !acknowledged;
