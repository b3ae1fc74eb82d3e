import type { Incident, Told, Wanted } from "../incidents/incident.ts";
import { contentRetriggerMs, firstGroupUpdateMs } from "../incidents/delivery-settings.ts";
import { memberHashIn, textHashIn } from "./content-hash.ts";
import type { DueTerms } from "./next-action.ts";
import { sentAtMs } from "./sent-at-ms.ts";

/**
 * When to check whether the trigger of an open incident must be repeated although nothing else is due; null: never. Such a
 * repeat waits behind all other work.
 */
export function reminderAtMs(incident: Incident, terms: DueTerms): number | null {
  const atMs = Math.min(refreshAtMs(incident, terms) ?? never, confirmedRepeatAtMs(incident, terms) ?? never);
  return atMs === never ? null : atMs;
}

/**
 * When the trigger is repeated whether or not a source confirmed the alert; null: never. Either its text changed
 * (`retrigger: content`), or the receiver ends the alert by itself unless the trigger is repeated. The latter also applies to
 * acknowledged and unconfirmed alerts: otherwise the alert would end without a resolve from a source.
 */
export function refreshAtMs(incident: Incident, terms: DueTerms): number | null {
  const { wanted, told } = incident;
  if (told === null || !isOpen(incident)) return null;
  const changed = terms.retrigger === "content" && !wanted.acknowledged && hasOtherText(wanted, told);
  const waitMs = Math.min(changed ? contentRetriggerMs : never, (terms.traits.forgetsAfterMs ?? never) / 2);
  return waitMs === never ? null : sentAtMs(told) + waitMs;
}

/**
 * When the trigger is repeated if a source confirmed the alert recently (`isConfirmed`); null: never, or not before a source
 * confirms it. Either a reminder is due, or other members fire. In both cases the trigger may page people again, if a person
 * resolved the incident at the receiver.
 */
export function confirmedRepeatAtMs(incident: Incident, terms: DueTerms): number | null {
  const { wanted, told, unconfirmed } = incident;
  if (told === null || !isOpen(incident) || unconfirmed) return null;
  const waitMs = Math.min(
    terms.remind > 0 && !wanted.acknowledged ? terms.remind : never,
    terms.groupUpdates ? groupUpdateMs(wanted, told) : never,
  );
  return waitMs === never ? null : sentAtMs(told) + waitMs;
}

/** Whether the last confirmation by a source, at `confirmedAtMs`, is recent enough to page people again. */
export const isConfirmed = (confirmedAtMs: number, { remind, staleAfter }: DueTerms, nowMs: number): boolean =>
  nowMs - confirmedAtMs < Math.min(remind > 0 ? remind / 2 : never, staleAfter);

const never = Number.POSITIVE_INFINITY;

const isOpen = ({ kind, wanted }: Incident): boolean => kind === "alert" && wanted.status === "firing";

/** Whether the text changed since it was sent. Without both hashes, the text is not known to differ. */
function hasOtherText(wanted: Wanted, told: Told): boolean {
  const [now, before] = [textHashIn(wanted.content), textHashIn(told.content)];
  return now !== undefined && before !== undefined && now !== before;
}

/**
 * Ms from the last event to an update about changed members. Also applies to acknowledged incidents: the person has not seen an
 * alert that joined later.
 */
function groupUpdateMs(wanted: Wanted, told: Told): number {
  const [now, before] = [memberHashIn(wanted.content), memberHashIn(told.content)];
  if (now === before) return never;
  return before === undefined ? firstGroupUpdateMs : contentRetriggerMs;
}
