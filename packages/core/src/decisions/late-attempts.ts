import type { Incident, LateAttempt, Told } from "../incidents/incident.ts";

/**
 * Whether a late request may have changed back what the receiver shows: not if it arrived before that was sent. A trigger reopens what was resolved, or shows other
 * words; a resolve closes what is open. A late acknowledge is dropped where the incident is resolved; where it is open, a
 * repeated trigger would not take it back.
 */
function undoes({ action, content, untilMs }: LateAttempt, told: Told): boolean {
  if (untilMs < (told.sinceMs ?? told.atMs)) return false;
  if (action === "resolve") return told.event !== "resolve";
  if (action !== "trigger") return false;
  return told.event === "resolve" || (told.content !== undefined && content !== told.content);
}

export const lateTriggerEnds = (attempts: readonly LateAttempt[]): number[] =>
  attempts.flatMap(({ action, untilMs }) => (action === "trigger" ? [untilMs] : []));

/**
 * A request of an owner that lost its lease may have arrived until `untilMs`. Once that is past, or the owner reported,
 * the last certain event is repeated where the late one may have undone it. Where nothing was told in this episode, a late
 * trigger of an earlier one counts as perhaps told.
 */
export function repairLateAttempts(incident: Incident, isOver: (one: LateAttempt) => boolean): Incident {
  const over = incident.lateAttempts.filter((one) => isOver(one));
  if (over.length === 0) return incident;
  const { told, wanted } = incident;
  // A trigger or resolve of unknown fate is sent again anyway. An acknowledge is too, but a closed incident drops it.
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
