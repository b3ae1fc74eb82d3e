import type { Incident, TargetTerms } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { markNotTold } from "./mark-not-told.ts";

/** How many rows one page of a change reads. The whole change is one commit. */
const page = 1000;

/**
 * Makes these the targets. A delivered incident stays with the endpoint that it was delivered to (I6). An undelivered incident
 * moves with its target; it rests if the target was removed or disabled.
 */
export function applyTargets(context: LedgerContext, targets: readonly TargetTerms[]): void {
  const { store } = context;
  const wanted = new Map(targets.map((terms) => [terms.name, terms]));
  const before = new Map([...context.targets()].map(({ terms }) => [terms.name, terms]));
  for (const record of store.endpoints()) {
    const terms = wanted.get(record.terms.name);
    const current = terms?.endpoint === record.terms.endpoint;
    if (current && terms) {
      wanted.delete(terms.name);
      // Another credential, header or signing secret, or one that is used again: the receiver may now accept what it refused.
      const isOther = record.terms.access !== terms.access;
      if (isOther) context.gates.blocks.renew(terms.access, context.nowMs);
      else if (!record.current) context.gates.blocks.end(terms.access, context.nowMs);
      if (isOther || record.terms.credential !== terms.credential)
        context.gates.abandonProbes(record.terms.access ?? record.terms.endpoint, record.terms.credential);
      if (!record.current || !sameTerms(record.terms, terms)) store.putEndpoint({ id: record.id, current, terms });
    } else if (record.current) store.putEndpoint({ ...record, current: false });
  }
  for (const terms of wanted.values()) {
    context.gates.blocks.end(terms.access, context.nowMs);
    store.putEndpoint({ current: true, terms });
  }
  context.loadEndpoints();

  for (const terms of targets) {
    const former = before.get(terms.name);
    if (former?.shadow && !terms.shadow) unshadow(context, terms.name);
  }
  for (const { id, terms } of store.endpoints()) {
    const target = context.target(terms.name);
    if (!target?.terms.enabled) eachUntold(context, id, (incident) => markNotTold(context, incident));
    else if (target.id !== id) eachUntold(context, id, (incident) => move(context, incident));
    else if (fallbackOf(before.get(terms.name)) !== fallbackOf(terms))
      eachUntold(context, id, (incident) => context.putDerived(incident, incident));
    if (target?.id !== id && !store.endpointInUse(id)) store.dropEndpoint(id);
  }
  context.loadEndpoints();
}

const fallbackOf = (terms: TargetTerms | undefined): string => JSON.stringify(terms?.fallback ?? null);

const move = (context: LedgerContext, incident: Incident): Incident =>
  context.putDerived(incident, {
    ...context.atCurrentEndpoint(incident),
    // A running change that was not tried yet waits for its end at the new endpoint too.
    dueAtMs: incident.kind === "change" && incident.attempts === 0 ? incident.dueAtMs : context.nowMs,
  });

function eachUntold(context: LedgerContext, endpoint: number, act: (incident: Incident) => void): void {
  let after = 0;
  for (;;) {
    const untold = context.store.untoldAt(endpoint, after, page);
    // A resting incident is here only until a late request can no longer arrive. It is not to be delivered.
    for (const incident of untold) if (incident.state !== "not_told") act(incident);
    const last = untold.at(-1);
    if (untold.length < page || !last) return;
    after = last.id;
  }
}

/** A shadow goes live: alerts that still fire and were not really sent are sent now. */
function unshadow(context: LedgerContext, target: string): void {
  let cursor: string | undefined;
  do {
    const found = context.store.incidents({ target, state: "not_told", limit: page, ...(cursor && { cursor }) });
    for (const incident of found.incidents) {
      if (!incident.told?.shadow) continue;
      const untold = { ...incident, told: null, opened: false, state: "due" as const, dueAtMs: context.nowMs };
      context.putDerived(incident, context.atCurrentEndpoint(untold));
    }
    cursor = found.nextCursor;
  } while (cursor !== undefined);
}

/**
 * Sealing the same secrets twice gives different bytes, so terms that were read again always count as changed. It would be wrong
 * to keep the bytes that were sealed first: headers, signing secrets and templates may change while URL and credential, and
 * with them the endpoint, stay the same.
 */
const sameTerms = (a: TargetTerms, b: TargetTerms): boolean => JSON.stringify(a) === JSON.stringify(b);
