import {
  type HistoryEntry,
  type Incident,
  type IncidentView,
  isoTime,
  type Reason,
  type Severity,
  type StoredChange,
} from "@tocsin/core";

/** One entry of the timeline of an incident. */
export type TimelineEntry = { readonly atMs: number } & (
  | { readonly what: "received"; readonly sources: readonly string[] }
  | { readonly what: "routed"; readonly target: string; readonly severity: Severity; readonly summary: string }
  /** Without `untilMs` it still waits. */
  | { readonly what: "waited"; readonly reason: Reason; readonly untilMs?: number; readonly durationMs: number }
  | ({ readonly what: "attempt" } & Attempt)
  | { readonly what: "acknowledged" | "resolved"; readonly by: string }
  | {
      readonly what: "receiver";
      readonly status: "confirmed" | "open" | "acknowledged" | "resolved";
      readonly incident?: string;
    }
  | {
      readonly what: "change";
      readonly id: string;
      readonly origin: string;
      readonly summary: string;
      readonly state?: string;
    }
  /** All its alerts ended at their sources, or a person resolved it. */
  | { readonly what: "ended" }
  | { readonly what: "note"; readonly text: string; readonly detail?: string }
);

interface Attempt {
  readonly action: string;
  /** `accepted`, or why it was not. */
  readonly outcome: string;
  readonly shadow?: true;
  readonly status?: number;
  readonly startedAtMs?: number;
  readonly durationMs?: number;
  /** The beginning of the answer, if the event was not accepted. */
  readonly answer?: string;
}

export interface TimelineFacts {
  readonly view: IncidentView;
  readonly history: readonly HistoryEntry[];
  readonly changes: readonly StoredChange[];
  readonly nowMs: number;
}

/** Shorter waits are part of every delivery and are left out. */
const minWaitMs = 1_000;

const attemptLine = /^(shadow )?(trigger|acknowledge|resolve|change|check)(?: (\w+))?$/;
const personalLine = /^(acknowledged|resolved) by (.*)$/s;

/** History lines after which an event is due. */
const startsWait: ReadonlySet<string> = new Set(["firing", "rearmed", "replayed", "lease_lost"]);

/** Computes the timeline from stored instants, oldest entry first. Waits are not stored: they lie between these instants. */
export function timelineOf({ view, history, changes, nowMs }: TimelineFacts): TimelineEntry[] {
  const { incident, sources } = view;
  const { target, wanted, acceptedAtMs, receiver } = incident;
  const endedAtMs = wanted.status === "resolved" ? wanted.atMs : undefined;
  const entries: TimelineEntry[] = [
    { atMs: acceptedAtMs, what: "received", sources },
    { atMs: acceptedAtMs, what: "routed", target, severity: wanted.severity, summary: wanted.summary },
    ...history.map(entryOf),
    ...(endedAtMs === undefined ? [] : [{ atMs: endedAtMs, what: "ended" as const }]),
    // A wait follows what caused it at the same instant.
    ...waitsOf(history, { view, endedAtMs, nowMs }),
    ...receiverEntries(receiver),
    ...changes.map(({ change: { timestampMs, id, origin, summary, state } }) => ({
      atMs: timestampMs,
      what: "change" as const,
      id,
      origin,
      summary,
      ...(state !== undefined && { state }),
    })),
  ];
  return entries.toSorted((a, b) => a.atMs - b.atMs);
}

function entryOf({ atMs, what, detail, status, durationMs }: HistoryEntry): TimelineEntry {
  const [, shadow, action, failure] = attemptLine.exec(what) ?? [];
  if (action !== undefined)
    return {
      atMs,
      what: "attempt",
      action,
      outcome: failure ?? "accepted",
      ...(shadow !== undefined && { shadow: true }),
      ...(status !== undefined && { status }),
      ...(durationMs !== undefined && { startedAtMs: atMs - durationMs, durationMs }),
      ...(detail !== undefined && { answer: detail }),
    };
  const [, did, by] = personalLine.exec(what) ?? [];
  if (did !== undefined && by !== undefined) return { atMs, what: did as "acknowledged" | "resolved", by };
  return { atMs, what: "note", text: what, ...(detail !== undefined && { detail }) };
}

/** The waits before each attempt, and the one that lasts. */
function waitsOf(
  history: readonly HistoryEntry[],
  {
    view,
    endedAtMs,
    nowMs,
  }: { readonly view: IncidentView; readonly endedAtMs: number | undefined; readonly nowMs: number },
): TimelineEntry[] {
  const waits: TimelineEntry[] = [];
  let since: { readonly atMs: number; readonly reason: Reason } | undefined = {
    atMs: view.incident.acceptedAtMs,
    reason: "waiting_turn",
  };
  for (const { atMs, what, durationMs = 0 } of history) {
    const [, , action, failure] = attemptLine.exec(what) ?? [];
    if (action === undefined) {
      if (startsWait.has(what) || personalLine.test(what)) since ??= { atMs, reason: "waiting_turn" };
      continue;
    }
    const startedAtMs = atMs - durationMs;
    if (action === "resolve" && since === undefined && endedAtMs !== undefined && endedAtMs < startedAtMs)
      since = { atMs: endedAtMs, reason: "waiting_turn" };
    if (since !== undefined && startedAtMs - since.atMs >= minWaitMs)
      waits.push({
        atMs: since.atMs,
        what: "waited",
        reason: since.reason,
        untilMs: startedAtMs,
        durationMs: startedAtMs - since.atMs,
      });
    since = failure === undefined ? undefined : { atMs, reason: waitAfter(failure) };
  }
  if (view.state !== "due") return waits;
  const atMs = since?.atMs ?? view.incident.dueSinceMs ?? nowMs;
  return [...waits, { atMs, what: "waited", reason: view.reason, durationMs: Math.max(0, nowMs - atMs) }];
}

/** The ledger does not store past waits. The outcome before it tells the most likely reason. */
const waitAfter = (failure: string): Reason =>
  failure === "rate_limited" ? "waiting_pause" : failure === "auth" ? "waiting_auth" : "waiting_retry";

function receiverEntries(receiver: Incident["receiver"]): TimelineEntry[] {
  if (receiver === undefined) return [];
  const { incident, confirmedAtMs, status } = receiver;
  const named = incident === undefined ? {} : { incident };
  return [
    ...(confirmedAtMs === undefined
      ? []
      : [{ atMs: confirmedAtMs, what: "receiver" as const, status: "confirmed" as const, ...named }]),
    ...(status ? [{ atMs: status.atMs, what: "receiver" as const, status: status.is, ...named }] : []),
  ];
}

/** The entry as bodies show it: instants as ISO 8601. */
export function timelineBody({ atMs, ...entry }: TimelineEntry): Record<string, unknown> {
  const { untilMs, startedAtMs, ...rest } = entry as typeof entry & { untilMs?: number; startedAtMs?: number };
  return {
    at: isoTime(atMs),
    ...rest,
    ...(untilMs !== undefined && { until: isoTime(untilMs) }),
    ...(startedAtMs !== undefined && { startedAt: isoTime(startedAtMs) }),
  };
}
