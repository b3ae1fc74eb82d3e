import type { Incident, TargetTerms } from "@tocsin/core/decisions";
import type { Desk } from "./desk.ts";
import { rest } from "./episodes.ts";
import { atCurrentEndpoint } from "./settling.ts";
import type { EndpointRecord } from "./store.ts";

/** Rows that one page of a change touches; the whole change is one commit. */
const page = 1000;

/**
 * Makes these the targets. What was told stays with the endpoint that it was told at (I6); what was not moves with its
 * target, or rests where the target is gone or disabled.
 */
export function useTargets(desk: Desk, targets: readonly TargetTerms[]): void {
  const { store } = desk;
  const wanted = new Map(targets.map((terms) => [terms.name, terms]));
  const before = new Map([...desk.targets()].map(({ terms }) => [terms.name, terms]));
  for (const record of store.endpoints()) {
    const terms = wanted.get(record.terms.name);
    const current = terms?.endpoint === record.terms.endpoint;
    if (current && terms) {
      wanted.delete(terms.name);
      if (!record.current || !sameTerms(record.terms, terms)) store.putEndpoint({ id: record.id, current, terms });
    } else if (record.current) store.putEndpoint({ ...record, current: false });
  }
  for (const terms of wanted.values()) store.putEndpoint({ current: true, terms });
  desk.loadEndpoints();

  for (const terms of targets) {
    const endpoint = desk.target(terms.name);
    if (endpoint) move(desk, endpoint);
    if (!terms.enabled) restUntold(desk, terms.name);
    const former = before.get(terms.name);
    if (former?.shadow && !terms.shadow) unshadow(desk, terms.name);
    if (former && JSON.stringify(former.fallback) !== JSON.stringify(terms.fallback)) planUntold(desk, terms.name);
  }
  const names = new Set(targets.map(({ name }) => name));
  for (const record of store.endpoints()) {
    if (record.current) continue;
    if (!names.has(record.terms.name)) restUntold(desk, record.terms.name);
    if (!store.endpointInUse(record.id)) store.dropEndpoint(record.id);
  }
  desk.loadEndpoints();
}

function move(desk: Desk, endpoint: EndpointRecord): void {
  for (;;) {
    const elsewhere = desk.store.untoldElsewhere(endpoint.terms.name, endpoint.id, page);
    for (const incident of elsewhere)
      desk.planned(incident, { ...atCurrentEndpoint(desk, incident), dueAtMs: desk.nowMs });
    if (elsewhere.length < page) return;
  }
}

const restUntold = (desk: Desk, target: string): void => eachUntold(desk, target, (incident) => rest(desk, incident));

const planUntold = (desk: Desk, target: string): void =>
  eachUntold(desk, target, (incident) => desk.planned(incident, incident));

function eachUntold(desk: Desk, target: string, act: (incident: Incident) => void): void {
  let after = 0;
  for (;;) {
    const untold = desk.store.untold(target, after, page);
    for (const incident of untold) act(incident);
    const last = untold.at(-1);
    if (untold.length < page || !last) return;
    after = last.id;
  }
}

/** A shadow goes live: what still fires and was told to nobody is told now. */
function unshadow(desk: Desk, target: string): void {
  let cursor: string | undefined;
  do {
    const found = desk.store.incidents({ target, state: "not_told", limit: page, ...(cursor && { cursor }) });
    for (const incident of found.incidents) {
      if (!incident.told?.shadow) continue;
      const untold = { ...incident, told: null, opened: false, state: "due" as const, dueAtMs: desk.nowMs };
      desk.planned(incident, atCurrentEndpoint(desk, untold));
    }
    cursor = found.nextCursor;
  } while (cursor !== undefined);
}

/** Sealing the same twice gives different bytes, so `sealed` says nothing about a change. */
const sameTerms = (a: TargetTerms, b: TargetTerms): boolean =>
  JSON.stringify({ ...a, sealed: "" }) === JSON.stringify({ ...b, sealed: "" });
