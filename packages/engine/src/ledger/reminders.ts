import {
  type DueTerms,
  type Incident,
  isConfirmed,
  deriveState,
  refreshAtMs,
  confirmedRepeatAtMs,
} from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import type { AlertRecord } from "./store.ts";

/**
 * How a reminder, or an update about changed members, waits for a confirmation. The times of confirmation are stored with the
 * alerts, because the repeat of a firing alert writes nothing to its incidents:
 *
 * ```
 *   told ── repeat due, a firing member was confirmed recently ──▶ sent
 *    │ ▲
 *    │ └────────────── a firing member is confirmed ───────────────┐
 *    └── repeat due, no member was confirmed recently ──▶ told, unconfirmed (not looked at until then)
 * ```
 */

/**
 * Whether the trigger of an open incident is repeated now although nothing else is due. `unconfirmed`: a repeat is due, but no
 * source confirmed the alert recently.
 */
export function repeatDue(
  context: LedgerContext,
  incident: Incident,
  terms: DueTerms,
): "repeat" | "unconfirmed" | null {
  const { nowMs, store } = context;
  if ((refreshAtMs(incident, terms) ?? never) <= nowMs) return "repeat";
  if ((confirmedRepeatAtMs(incident, terms) ?? never) > nowMs) return null;
  for (const { fingerprint, status } of incident.members) {
    const record = status === "firing" ? store.alert(fingerprint) : undefined;
    if (record && isConfirmed(record.confirmedAtMs, terms, nowMs)) return "repeat";
  }
  return "unconfirmed";
}

const never = Number.POSITIVE_INFINITY;

/** Schedules the reminder of a delivered incident whose last reminder waited for a confirmation, or for its target to be enabled. */
export function scheduleReminder(context: LedgerContext, incident: Incident, unconfirmed: boolean): Incident {
  if (incident.unconfirmed === unconfirmed && incident.dueAtMs !== null) return incident;
  const planned = deriveState({ ...incident, unconfirmed }, context.dueTerms(incident), context.nowMs);
  const same = incident.unconfirmed === unconfirmed && incident.dueAtMs === planned.dueAtMs;
  return same ? incident : context.put(incident, planned);
}

export const stillUnconfirmed = (context: LedgerContext, incident: Incident, { confirmedAtMs }: AlertRecord): boolean =>
  incident.unconfirmed && !isConfirmed(confirmedAtMs, context.dueTerms(incident), context.nowMs);
