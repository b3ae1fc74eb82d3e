import { applyWish, type Incident, type PersonalAct, type PersonalWish } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";

/** A person acts on an incident through the API. Returns false if it is over or never existed. */
export function actByPerson(context: LedgerContext, id: number, wish: "acknowledge" | "resolve", by: string): boolean {
  const incident = context.store.incident(id);
  if (!incident || incident.state === "closed" || incident.wanted.status === "resolved") return false;
  // This action comes after all others, also after those of a receiver whose clock runs ahead.
  const { lastActions, wanted } = incident;
  const { acknowledged, resolved } = lastActions ?? {};
  const others = [acknowledged?.atMs, resolved?.atMs, wanted.renewedAtMs].map((otherMs) => (otherMs ?? 0) + 1);
  const atMs = Math.max(context.nowMs, ...others);
  const act: PersonalAct = { wish, by, named: true, atMs, id: "", onResolve: "reopen" };
  const what = `${pastOf[wish]} by ${by}`;
  context.note(id, what);
  const after = applyWish(incident, act, termsOf(context));
  if (after) context.putChanged(incident, after);
  actOnSiblings(context, incident, act, what);
  return true;
}

export const pastOf: { readonly [W in PersonalWish]: string } = {
  acknowledge: "acknowledged",
  unacknowledge: "unacknowledged",
  resolve: "resolved",
  reopen: "reopened",
};

export const termsOf = ({ nowMs, settings }: LedgerContext) => ({
  nowMs,
  manualResolveFor: settings.manualResolveFor,
});

/**
 * Applies an action to the incidents of the same alerts at other targets. An incident that also has other firing alerts stays as it
 * is: the person has not seen those.
 */
export function actOnSiblings(context: LedgerContext, origin: Incident, act: PersonalAct, what: string): void {
  const seen = new Set(origin.members.map(({ fingerprint }) => fingerprint));
  const ids = new Set([...seen].flatMap((fingerprint) => context.store.alert(fingerprint)?.incidents ?? []));
  for (const id of ids) {
    const sibling = id === origin.id ? undefined : context.store.incident(id);
    if (sibling?.kind !== "alert" || !isCovered(sibling, seen) || !context.findEndpoint(sibling.endpoint)) continue;
    const after = applyWish(sibling, act, termsOf(context));
    if (!after) continue;
    context.note(id, what);
    context.putChanged(sibling, after);
  }
}

export const isCovered = ({ members }: Incident, seen: ReadonlySet<string>): boolean =>
  members.every(({ fingerprint, status }) => status === "resolved" || seen.has(fingerprint));
