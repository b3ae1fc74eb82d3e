import type { Incident } from "@tocsin/core/decisions";
import type { Desk } from "./ledger-context.ts";
import { join } from "./apply-routes.ts";

/**
 * A critical stayed untold for too long, for whatever reason: its target's fallback is told too, once. Both are ended with
 * the alert, since it is a member of both.
 */
export function fallBack(desk: Desk, incident: Incident): void {
  const name = desk.termsOf(incident).fallback?.target;
  const target = name === undefined ? undefined : desk.target(name);
  const usable = target?.terms.enabled === true;
  desk.note(incident.id, "fallback", usable ? name : `${name} is missing or disabled`);
  desk.put(incident, { ...incident, fellBack: true, fallbackAtMs: null });
  if (name !== undefined)
    desk.report({ kind: "fallback", incident: incident.id, target: incident.target, fallback: name, notified: usable });
  if (!usable || name === undefined) return;
  for (const { fingerprint, status, severity, summary } of incident.members) {
    const record = status === "firing" ? desk.store.alert(fingerprint) : undefined;
    if (!record) continue;
    const id = join(desk, record, { target: name, dedupKey: incident.dedupKey, severity, summary });
    if (id === null || record.incidents.includes(id)) continue;
    desk.store.putAlert(record, { ...record, incidents: [...record.incidents, id] });
    const standIn = desk.store.incident(id);
    if (standIn && standIn.fallbackOf === null) desk.put(standIn, { ...standIn, fallbackOf: incident.id });
  }
}
