import { type Incident, leadingMember } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { openIncident } from "./open-incident.ts";
import { traceOf } from "./traces.ts";

/**
 * A critical alert was not delivered in time, for whatever reason: its target's fallback gets it too, once. Both incidents have the
 * alert as a member, so both are resolved when it ends.
 */
export function notifyFallback(context: LedgerContext, incident: Incident): void {
  const name = context.termsOf(incident).fallback?.target;
  const target = name === undefined ? undefined : context.target(name);
  const usable = target?.terms.enabled === true;
  context.note(incident.id, "fallback", usable ? name : `${name} is missing or disabled`);
  context.put(incident, { ...incident, fellBack: true, fallbackAtMs: null });
  if (name !== undefined)
    context.report({
      kind: "fallback",
      incident: incident.id,
      fingerprint: leadingMember(incident.members).fingerprint,
      target: incident.target,
      fallback: name,
      notified: usable,
      ...traceOf(incident),
    });
  if (!usable || name === undefined) return;
  for (const { fingerprint, status, severity, summary } of incident.members) {
    const record = status === "firing" ? context.store.alert(fingerprint) : undefined;
    if (!record) continue;
    const id = openIncident(context, record, { target: name, dedupKey: incident.dedupKey, severity, summary });
    if (id === null || record.incidents.includes(id)) continue;
    context.store.putAlert(record, { ...record, incidents: [...record.incidents, id] });
    const standIn = context.store.incident(id);
    if (standIn && standIn.fallbackOf === null)
      context.put(standIn, { ...standIn, ...traceOf(incident), fallbackOf: incident.id });
  }
}
