import {
  applyWish,
  type Incident,
  mergeReceiverEvent,
  type MergedReceiverEvent,
  type PersonalAct,
  type PersonalWish,
  type ReceiverEvent,
  type ReceiverEventEffect,
} from "@tocsin/core/decisions";
import { actOnSiblings, termsOf } from "./act-by-person.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { reopenHeld } from "./reopen-held.ts";

/** Receivers repeat an event for up to two days. An older id is forgotten. */
export const receiverEventsKeptMs = 7 * 24 * 3_600_000;

/** An event that happened this much before its report has its own time in the history. */
const lateMs = 60_000;

/**
 * Stores events of receivers and applies them:
 *
 * ```
 *   event ── its id was stored before ──▶ duplicate
 *     ├── an incident of ours has one of its keys ──▶ applied, or outdated
 *     └── none has ── keys can be looked up ──▶ pending ── applyReceiverEvent ──▶ applied, outdated or unknown
 *                 └── they cannot ──▶ unknown
 * ```
 */
export const storeReceiverEvents = (
  context: LedgerContext,
  events: readonly ReceiverEvent[],
): readonly ReceiverEventEffect[] => events.map((event) => storeReceiverEvent(context, event));

function storeReceiverEvent(context: LedgerContext, event: ReceiverEvent): ReceiverEventEffect {
  const { store, nowMs } = context;
  const { callback, id } = event;
  if (store.receiverEvent(callback, id)) return "duplicate";
  const effect = applyEvent(context, event);
  const isPending = effect === "unknown" && event.lookUp;
  const seen = { callback, id, receivedAtMs: nowMs };
  store.putReceiverEvent(undefined, isPending ? { ...seen, pending: { event, lookUpAtMs: nowMs } } : seen);
  return isPending ? "pending" : effect;
}

export function pendingReceiverEvents({ store, nowMs }: LedgerContext, limit: number) {
  const pending = store.pendingReceiverEvents(limit + 1).flatMap((record) => record.pending ?? []);
  const due = pending.slice(0, limit).filter(({ lookUpAtMs }) => lookUpAtMs <= nowMs);
  return { events: due.map(({ event }) => event), nextAtMs: pending[due.length]?.lookUpAtMs ?? null };
}

export function applyReceiverEvent(
  context: LedgerContext,
  callback: string,
  id: string,
  dedupKeys: readonly string[],
): ReceiverEventEffect {
  const record = context.store.receiverEvent(callback, id);
  if (!record?.pending) return "duplicate";
  const { pending, ...seen } = record;
  context.store.putReceiverEvent(record, seen);
  return applyEvent(context, { ...pending.event, dedupKeys });
}

export function postponeReceiverEvent({ store, nowMs }: LedgerContext, callback: string, id: string, forMs: number) {
  const record = store.receiverEvent(callback, id);
  if (!record?.pending) return;
  store.putReceiverEvent(record, { ...record, pending: { ...record.pending, lookUpAtMs: nowMs + forMs } });
}

function applyEvent(context: LedgerContext, event: ReceiverEvent): "applied" | "outdated" | "unknown" {
  let effect: "applied" | "outdated" | "unknown" = "unknown";
  for (const dedupKey of new Set(event.dedupKeys)) {
    const found = event.targets
      .map((target) => context.store.latestIncident(target, dedupKey))
      .filter((one) => one?.kind === "alert");
    if (found.length === 0) continue;
    const isApplied = applyToIncidents(context, event, found as Incident[]);
    if (isApplied) effect = "applied";
    else if (effect === "unknown") effect = "outdated";
  }
  return effect;
}

/** `found`: the incidents with the key of the event, one at each target that the event may be about. */
function applyToIncidents(context: LedgerContext, event: ReceiverEvent, found: readonly Incident[]): boolean {
  const number = event.receiverIncident;
  const numbered = found.filter(
    ({ receiver, receipt }) => number !== undefined && [receiver?.incident, receipt].includes(number),
  );
  const unnumbered = found.filter(({ receiver }) => receiver?.incident === undefined);
  const [candidates] = [numbered, unnumbered, found].filter(({ length }) => length > 0) as [Incident[]];
  const merged = candidates.flatMap((before) => {
    const previous = context.store.previousIncident(before);
    const one = mergeReceiverEvent(before, previous, event, context.nowMs);
    return one ? { before, ...one } : [];
  });
  const [only] = merged;
  if (!only) return false;
  // Several targets share the key and the event does not say which one it is about: the action counts, the report does not.
  const isClear = candidates.length === 1;
  for (const one of merged) take(context, event, isClear ? one : { ...one, incident: one.before });
  return true;
}

function take(
  context: LedgerContext,
  event: ReceiverEvent,
  { before, incident, wish }: MergedReceiverEvent & { readonly before: Incident },
): void {
  const what = noteOf(event, before.target);
  context.note(before.id, what, detailOf(event, context.nowMs));
  const act = wish && actOf(event, wish);
  const after = (act && applyWish(incident, act, termsOf(context))) ?? incident;
  // Nothing more can be sent to an endpoint that was dropped after the incident was over.
  const stored = context.findEndpoint(before.endpoint)
    ? context.putChanged(before, after)
    : context.put(before, { ...before, ...(incident.receiver && { receiver: incident.receiver }) });
  reportConfirmed(context, before, stored);
  if (!act) return;
  if (act.wish === "reopen") reopenHeld(context, stored, act, what);
  else actOnSiblings(context, stored, act, what);
}

/** The first report that the incident exists at the receiver. */
function reportConfirmed(
  context: LedgerContext,
  before: Incident,
  { target, wanted, acceptedAtMs, receiver }: Incident,
): void {
  if (before.receiver?.confirmedAtMs !== undefined || receiver?.confirmedAtMs === undefined) return;
  context.report({ kind: "confirmed", target, severity: wanted.severity, afterMs: context.nowMs - acceptedAtMs });
}

const actOf = ({ by, callback, atMs, id, onResolve }: ReceiverEvent, wish: PersonalWish): PersonalAct => ({
  wish,
  by: by ?? callback,
  named: by !== undefined,
  atMs,
  id,
  onResolve,
});

/** The line of the history, such as `acknowledged by Jane Doe at pagerduty`. */
const noteOf = ({ kind, by, own, callback }: ReceiverEvent, target: string): string =>
  kind === "opened" ? `opened at ${target}` : `${kind} by ${own ? "tocsin" : (by ?? callback)} at ${target}`;

function detailOf({ atMs, detail }: ReceiverEvent, nowMs: number): string | undefined {
  const late = nowMs - atMs > lateMs ? `happened at ${new Date(atMs).toISOString()}` : undefined;
  return [detail, late].filter((part) => part !== undefined).join("; ") || undefined;
}
