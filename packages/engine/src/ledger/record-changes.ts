import {
  alertOfChange,
  type Change,
  type Incident,
  isChangeFingerprint,
  type RecordedChange,
  type Route,
} from "@tocsin/core/decisions";
import { isSameChange } from "./change-columns.ts";
import { confirmation } from "./confirm-incident.ts";
import { withMembers } from "./group-members.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { openIncident } from "./open-incident.ts";
import type { AlertRecord, ChangeRecord } from "./store.ts";
import type { PackedChange } from "./wire-format.ts";

/** A change that runs for longer is sent as still running. */
const sentRunningAfterMs = 10 * 60_000;

/**
 * Records changes in order of arrival.
 *
 * ```
 *              ┌── recorded again: new state, summary, details ──┐
 *              ▼                                                │
 *   running ───┴── complete or failed ──▶ over        recorded again: a duplicate
 *      │                     │
 *      └─ after 10 min ─▶ sent once ◀──────── not running
 * ```
 */
export function recordChanges(context: LedgerContext, changes: readonly PackedChange[]): RecordedChange[] {
  return changes.map((packed) => {
    const { id, origin } = packed.change;
    return { id, origin, effect: recordChange(context, packed) };
  });
}

function recordChange(context: LedgerContext, { key, change: given, routes }: PackedChange): RecordedChange["effect"] {
  const before = context.store.change(key);
  const record: ChangeRecord = {
    key,
    change: atKnownTime(given, before, context.nowMs),
    acceptedAtMs: before?.acceptedAtMs ?? context.nowMs,
  };
  if (before && !isNewer(before.change, record.change)) return "duplicate";
  context.store.putChange(before, record);
  deliver(context, record, routes);
  return before ? "updated" : "accepted";
}

/** An alert with the label `change_event` began to fire: keeps the change. The alert itself is routed and sent. */
export function recordChangeOfAlert(
  context: LedgerContext,
  { key, change: given }: Pick<PackedChange, "key" | "change">,
  alert: string,
): void {
  if (context.store.change(key)) return;
  const change = atKnownTime(given, undefined, context.nowMs);
  context.store.putChange(undefined, { key, change, alert, acceptedAtMs: context.nowMs });
}

/** The time of the first report counts. A time in the future, or one that is none, is a mistake of the sender. */
const atKnownTime = (change: Change, before: ChangeRecord | undefined, nowMs: number): Change => {
  const { timestampMs: given } = change;
  const reportedMs = Number.isFinite(given) ? Math.max(0, Math.floor(given)) : nowMs;
  const timestampMs = before?.change.timestampMs ?? Math.min(reportedMs, nowMs);
  return timestampMs === change.timestampMs ? change : { ...change, timestampMs };
};

const isNewer = (before: Change, after: Change): boolean => before.state === "running" && !isSameChange(before, after);

/** Opens an incident at every target of the routes that has none, and updates those that still wait. */
function deliver(context: LedgerContext, { key, change, acceptedAtMs }: ChangeRecord, routes: readonly Route[]): void {
  const { store, nowMs } = context;
  const before = store.alert(key);
  if (!before && routes.length === 0) return;
  const carrier: AlertRecord = {
    ...(before ?? carrierOf({ key, change, acceptedAtMs })),
    content: JSON.stringify(alertOfChange(change)),
    confirmedAtMs: nowMs,
  };
  const isRunning = change.state === "running";
  for (const id of carrier.incidents) {
    const waiting = store.incident(id);
    if (waiting) update(context, waiting, change);
  }
  const notBeforeMs = isRunning ? acceptedAtMs + sentRunningAfterMs : nowMs;
  const opened = routes
    .filter(({ target }) => context.target(target)?.terms.enabled === true)
    .map((route) => openIncident(context, carrier, route, { ...confirmation, notBeforeMs }));
  const incidents = [...carrier.incidents, ...opened.filter((id) => id !== null)];
  store.putAlert(before, { ...carrier, incidents });
}

/** A running change that was not sent has new content. If it is over, it is sent now. */
function update(context: LedgerContext, incident: Incident, { summary, state }: Change): void {
  const { nowMs } = context;
  if (incident.told !== null || incident.flight !== null || incident.state !== "due") return;
  const members = incident.members.map((member) => ({ ...member, summary }));
  const isOver = state !== "running" && incident.attempts === 0;
  context.putDerived(incident, {
    ...withMembers(incident, members, nowMs),
    ...(isOver && { dueAtMs: nowMs, dueSinceMs: nowMs }),
  });
}

/** The alert that carries a change. It never fires, so no source, no reminder and no rerouting concerns it. */
export const carrierOf = ({
  key,
  change,
  acceptedAtMs,
}: Pick<ChangeRecord, "key" | "change" | "acceptedAtMs">): AlertRecord => ({
  fingerprint: key,
  content: JSON.stringify(alertOfChange(change)),
  startsAtMs: change.timestampMs,
  status: "resolved",
  claims: {},
  incidents: [],
  routes: [],
  silent: [],
  lookAtMs: null,
  firstSeenAtMs: acceptedAtMs,
  confirmedAtMs: acceptedAtMs,
});

/** The alert that is explained for a change that no target receives. */
export function unsentCarrier(context: LedgerContext, fingerprint: string): AlertRecord | undefined {
  const record = isChangeFingerprint(fingerprint) ? context.store.change(fingerprint) : undefined;
  return record && carrierOf(record);
}
