import { deriveState, type Incident, leadingMember } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { openIncident } from "./open-incident.ts";
import { traceOf } from "./traces.ts";

/**
 * `fallbackAtMs` of the incident has come. Either its critical alert was not delivered in time, for whatever reason, or its receiver
 * has not confirmed it in time: the fallback gets it too.
 */
export function passFallbackTime(context: LedgerContext, stored: Incident): void {
  // The terms of its target may have changed since the time was set.
  const incident = deriveState(stored, context.dueTerms(stored), context.nowMs);
  const { fallbackAtMs, confirmBy } = incident;
  if (fallbackAtMs === null || fallbackAtMs > context.nowMs) return void context.put(stored, incident);
  if (!incident.opened || confirmBy === undefined) return notifyFallback(context, stored, "undelivered");
  context.note(incident.id, "unconfirmed");
  context.report({
    kind: "unconfirmed",
    incident: incident.id,
    fingerprint: leadingMember(incident.members).fingerprint,
    target: incident.target,
    ...traceOf(incident),
  });
  const missed = context.putDerived(stored, { ...incident, confirmBy: { ...confirmBy, missed: true } });
  if (!missed.fellBack && context.termsOf(missed).fallback) notifyFallback(context, missed, "unconfirmed");
}

/** The target's fallback gets the alert, once. Both incidents have the alert as a member, so both are resolved when it ends. */
function notifyFallback(context: LedgerContext, incident: Incident, why: "undelivered" | "unconfirmed"): void {
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
      why,
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
