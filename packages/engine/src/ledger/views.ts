import {
  type AlertView,
  currentClassification,
  type ExplainedIncident,
  type Explanation,
  type HeldBack,
  type Incident,
  type IncidentView,
  leadingMember,
  type Reason,
  type TargetStatus,
  type TargetTerms,
} from "@tocsin/core/decisions";
import { readAttemptNote } from "./attempt-note.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { unsentCarrier } from "./record-changes.ts";
import { eventContent, senderOf } from "./event-content.ts";
import { alertIn, type AlertRecord } from "./store.ts";

export const alertView = (record: AlertRecord, nowMs: number): AlertView => ({
  alert: alertIn(record),
  sender: senderOf(record),
  claims: Object.values(record.claims),
  status: record.status,
  firstSeenAtMs: record.firstSeenAtMs,
  confirmedAtMs: record.confirmedAtMs,
  ...(record.status === "firing" && isSilenced(record) && { silenced: true as const }),
  ...(record.classification && { classification: currentClassification(record.classification, nowMs) }),
});

/** The newest incidents of an alert: its own at each target, and the one that stands in for another target's incident. */
export function explain(context: LedgerContext, fingerprint: string): Explanation | undefined {
  const { store } = context;
  const record = store.alert(fingerprint) ?? unsentCarrier(context, fingerprint);
  if (!record) return undefined;
  const newest = new Map<string, Incident>();
  for (const id of store.incidentsOfAlert(fingerprint)) {
    const incident = store.incident(id);
    if (!incident) continue;
    const key = `${incident.fallbackOf === null ? "own" : "fallback"} ${incident.target}`;
    if (id > (newest.get(key)?.id ?? 0)) newest.set(key, incident);
  }
  return {
    alert: alertView(record, context.nowMs),
    incidents: [...newest.values()].map((one) => explainedIncident(context, one)),
  };
}

function explainedIncident(context: LedgerContext, incident: Incident): ExplainedIncident {
  const { store } = context;
  const origin = incident.fallbackOf === null ? undefined : store.incident(incident.fallbackOf);
  return {
    ...incidentView(context, incident),
    history: store.history(incident.id).map(readAttemptNote),
    content: eventContent(store, incident),
    ...(keepsEarlierKey(context, incident) && { keepsEarlierKey: true }),
    ...(origin && { fallbackFor: origin.target }),
  };
}

function keepsEarlierKey(context: LedgerContext, { state, told, target, endpoint }: Incident): boolean {
  const isOpen = state !== "closed" && state !== "not_told" && told !== null && told.shadow !== true;
  const current = context.target(target);
  return isOpen && current !== undefined && current.id !== endpoint;
}

/** State and reason as they are now. If a whole target or credential waits, that is not stored in each of its incidents. */
export function incidentView(context: LedgerContext, incident: Incident): IncidentView {
  // Its verdict did not come in time, and nothing has been attempted since.
  const overdue = incident.state === "candidate" && (incident.dueAtMs ?? 0) <= context.nowMs;
  const state = overdue ? "due" : incident.state;
  const reason =
    state === "due" ? whyWaiting(context, incident) : state === "told" ? whyOpen(context, incident) : incident.reason;
  const heldBack = state === "told" ? heldBackAt(context, incident) : undefined;
  const record = context.store.alert(leadingMember(incident.members).fingerprint);
  return {
    incident,
    state,
    reason,
    labels: record ? alertIn(record).labels : {},
    sources: record ? sourcesOf(record) : [],
    confirmedAtMs: record?.confirmedAtMs ?? incident.confirmedAtMs,
    ...(heldBack && { heldBack }),
  };
}

const sourcesOf = ({ claims }: AlertRecord): string[] => [
  ...new Set(Object.values(claims).map(({ source }) => source)),
];

/** Why no event can be sent to the endpoint of an incident now. */
export function heldBackAt(context: LedgerContext, incident: Pick<Incident, "endpoint">): HeldBack | undefined {
  const { gates, nowMs } = context;
  const { terms, current } = context.endpoint(incident.endpoint);
  const block = gates.blocks.at(terms.access);
  if (block) return { reason: current ? "waiting_auth" : "orphaned_key", detail: block.detail };
  const breaker = gates.breakerOf(terms.name, nowMs);
  if (breaker.state !== "closed")
    return {
      reason: "waiting_breaker",
      ...detailOf(lastFailureOf(context, terms.name)),
      ...(breaker.untilMs !== null && { untilMs: breaker.untilMs }),
    };
  const { pausedUntilMs } = gates.throttle(terms.credential);
  return pausedUntilMs === null ? undefined : { reason: "waiting_pause", untilMs: pausedUntilMs };
}

const detailOf = (detail: string | undefined) => (detail === undefined ? {} : { detail });

/** The latest failure among the incidents that opened the breaker of a target and the one that probed it last. */
function lastFailureOf({ gates, store }: LedgerContext, target: string): string | undefined {
  const { incidents, lastProbed } = gates.breaker(target);
  const failures = [...incidents, ...(lastProbed === null ? [] : [lastProbed])].flatMap(
    (id) => store.incident(id)?.lastFailure ?? [],
  );
  return failures.toSorted((a, b) => b.atMs - a.atMs)[0]?.detail;
}

function whyWaiting(context: LedgerContext, incident: Incident): Reason {
  const { gates, nowMs } = context;
  const { terms } = context.endpoint(incident.endpoint);
  const held = heldBackAt(context, incident);
  if (held) return held.reason;
  if ((incident.dueAtMs ?? 0) > nowMs)
    return incident.kind === "change" && incident.attempts === 0 ? "change_running" : "waiting_retry";
  if (gates.room(terms.credential, incident.urgency, new Set(), nowMs) <= 0) return "waiting_limit";
  return incident.told?.certain === false ? "ambiguous" : "waiting_turn";
}

/** The reason of a delivered, open incident says so if no source confirms its alert any more. */
function whyOpen(context: LedgerContext, incident: Incident): Reason {
  for (const { fingerprint, status } of incident.members) {
    const record = status === "firing" ? context.store.alert(fingerprint) : undefined;
    if (!record) continue;
    if (record.silent.length > 0) return "source_silent";
    if (isSilenced(record)) return "silenced";
    if (context.nowMs - record.confirmedAtMs > context.settings.staleAfter) return "stale";
  }
  return incident.fallbackOf === null ? incident.reason : "fallback";
}

/** Every source that claims that the alert fires has silenced or inhibited it. */
function isSilenced({ claims, shown }: AlertRecord): boolean {
  if (!shown) return false;
  const firing = Object.values(claims).filter(({ status }) => status === "firing");
  return firing.every(({ source, sender }) => sender === undefined && shown[source]?.suppressed === true);
}

export const targetStatus = (context: LedgerContext, only?: "held_back"): TargetStatus[] =>
  [...context.targets()].flatMap(({ terms }) => {
    const { gates, nowMs } = context;
    const block = gates.blocks.at(terms.access);
    if (only === "held_back" && !block && !isHeldBack(context, terms)) return [];
    const breaker = gates.breakerOf(terms.name, nowMs);
    const lastFailure = breaker.state === "closed" ? undefined : lastFailureOf(context, terms.name);
    const { openSinceMs } = gates.breaker(terms.name);
    return {
      target: terms.name,
      breaker: {
        ...breaker,
        ...(openSinceMs !== undefined && { sinceMs: openSinceMs }),
        ...(lastFailure !== undefined && { lastFailure }),
      },
      limiter: {
        limit: gates.limit(terms.credential, nowMs),
        used: gates.used(terms.credential, nowMs),
        pausedUntilMs: gates.throttle(terms.credential).pausedUntilMs,
      },
      blocked: block
        ? {
            state: block.state,
            detail: block.detail,
            ...(block.sinceMs !== undefined && { sinceMs: block.sinceMs }),
          }
        : null,
    };
  });

const isHeldBack = ({ gates }: LedgerContext, { name, credential }: TargetTerms): boolean =>
  gates.breaker(name).openUntilMs !== null || gates.throttle(credential).pausedUntilMs !== null;
