import type { Incident, LateAttempt, Told } from "../incidents/incident.ts";
import { sentAtMs } from "./sent-at-ms.ts";

/**
 * Whether a late request may have undone the delivered state. It cannot have, if it arrived before that state was sent. A trigger
 * reopens a resolved incident, or shows other text; a resolve closes an open one. A late acknowledge needs no repair: the
 * receiver drops it if the incident is resolved, and if the incident is open, a repeated trigger would not undo the
 * acknowledgement.
 */
function undoes({ action, content, untilMs }: LateAttempt, told: Told): boolean {
  if (untilMs < sentAtMs(told)) return false;
  if (action === "resolve") return told.event !== "resolve";
  if (action !== "trigger") return false;
  return told.event === "resolve" || (told.content !== undefined && content !== told.content);
}

export const lateTriggerEnds = (attempts: readonly LateAttempt[]): number[] =>
  attempts.flatMap(({ action, untilMs }) => (action === "trigger" ? [untilMs] : []));

/**
 * Repairs the effect of late attempts. A request of an owner that lost its lease may arrive until `untilMs`. After that time, or
 * when the owner has reported, the last certain event is repeated if the late request may have undone it. If nothing was sent in
 * this episode, a late trigger of an earlier episode counts as perhaps delivered.
 */
export function repairLateAttempts(incident: Incident, isOver: (one: LateAttempt) => boolean): Incident {
  const over = incident.lateAttempts.filter((one) => isOver(one));
  if (over.length === 0) return incident;
  const { told, wanted } = incident;
  // A trigger or resolve of unknown effect is sent again anyway. So is an acknowledge, but a closed incident drops it.
  const mayBeUndone = told !== null && (told.certain || told.event === "acknowledge");
  const undone = mayBeUndone && over.some((one) => undoes(one, told));
  const [openedAtMs] = told === null && wanted.status === "resolved" ? lateTriggerEnds(over) : [];
  return {
    ...incident,
    ...(openedAtMs !== undefined && {
      told: { event: "trigger" as const, certain: false, severity: wanted.severity, atMs: openedAtMs },
    }),
    lateAttempts: incident.lateAttempts.filter((one) => !isOver(one)),
    repeat: incident.repeat || undone,
  };
}
