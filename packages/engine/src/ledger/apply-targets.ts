import type { Incident, TargetTerms } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import { rest } from "./apply-routes.ts";
import { atCurrentEndpoint } from "./settle-attempt.ts";

/** Rows that one page of a change touches; the whole change is one commit. */
const page = 1000;

/**
 * Makes these the targets. What was told stays with the endpoint that it was told at (I6); what was not moves with its
 * target, or rests where the target is gone or disabled.
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
      // Another credential, header or signing secret, or one that is used again: what was refused may be accepted now.
      const isOther = record.terms.access !== terms.access;
      if (isOther) context.gates.renew(terms.access, context.nowMs);
      else if (!record.current) context.gates.unblock(terms.access, context.nowMs);
      if (isOther || record.terms.credential !== terms.credential)
        context.gates.abandonProbes(record.terms.access ?? record.terms.endpoint, record.terms.credential);
      if (!record.current || !sameTerms(record.terms, terms)) store.putEndpoint({ id: record.id, current, terms });
    } else if (record.current) store.putEndpoint({ ...record, current: false });
  }
  for (const terms of wanted.values()) {
    context.gates.unblock(terms.access, context.nowMs);
    store.putEndpoint({ current: true, terms });
  }
  context.loadEndpoints();

  for (const terms of targets) {
    const former = before.get(terms.name);
    if (former?.shadow && !terms.shadow) unshadow(context, terms.name);
  }
  for (const { id, terms } of store.endpoints()) {
    const target = context.target(terms.name);
    if (!target?.terms.enabled) eachUntold(context, id, (incident) => rest(context, incident));
    else if (target.id !== id) eachUntold(context, id, (incident) => move(context, incident));
    else if (fallbackOf(before.get(terms.name)) !== fallbackOf(terms))
      eachUntold(context, id, (incident) => context.planned(incident, incident));
    if (target?.id !== id && !store.endpointInUse(id)) store.dropEndpoint(id);
  }
  context.loadEndpoints();
}

const fallbackOf = (terms: TargetTerms | undefined): string => JSON.stringify(terms?.fallback ?? null);

const move = (context: LedgerContext, incident: Incident): Incident =>
  context.planned(incident, { ...atCurrentEndpoint(context, incident), dueAtMs: context.nowMs });

function eachUntold(context: LedgerContext, endpoint: number, act: (incident: Incident) => void): void {
  let after = 0;
  for (;;) {
    const untold = context.store.untoldAt(endpoint, after, page);
    // What rests and waits for a late request to be over has nothing to be told for the first time.
    for (const incident of untold) if (incident.state !== "not_told") act(incident);
    const last = untold.at(-1);
    if (untold.length < page || !last) return;
    after = last.id;
  }
}

/** A shadow goes live: what still fires and was told to nobody is told now. */
function unshadow(context: LedgerContext, target: string): void {
  let cursor: string | undefined;
  do {
    const found = context.store.incidents({ target, state: "not_told", limit: page, ...(cursor && { cursor }) });
    for (const incident of found.incidents) {
      if (!incident.told?.shadow) continue;
      const untold = { ...incident, told: null, opened: false, state: "due" as const, dueAtMs: context.nowMs };
      context.planned(incident, atCurrentEndpoint(context, untold));
    }
    cursor = found.nextCursor;
  } while (cursor !== undefined);
}

/**
 * Sealing the same twice gives different bytes, so that what was read anew counts as changed. To keep what was sealed first
 * would be wrong: headers, signing secrets and templates change while URL and credential, and so the endpoint, stay the same.
 */
const sameTerms = (a: TargetTerms, b: TargetTerms): boolean => JSON.stringify(a) === JSON.stringify(b);
