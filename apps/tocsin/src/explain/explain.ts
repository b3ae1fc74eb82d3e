import type {
  Alert,
  Classification,
  Decision,
  ExplainedIncident,
  Explanation,
  HeldBack,
  HistoryEntry,
  IncidentState,
  Reason,
  WeighedVerdict,
} from "@tocsin/core";
import { firstContent, notSent, type NotificationFacts } from "../delivery/notification.ts";
import { shownClassification, type ShownClassification } from "./shown-classification.ts";
import { traceIdOf } from "../telemetry/tracing.ts";
import type { UnusedTargets } from "../targets/target-warnings.ts";

/** Says why one target received an alert, or did not, or would. */
export interface Explained {
  readonly target: string;
  readonly state: IncidentState;
  readonly reason: Reason;
  /** The key of the target's definition that decided that nothing is sent: `filters.severity`. */
  readonly rule?: string;
  /** Details in words, beyond the reason. */
  readonly detail?: string;
  /**
   * True if the target's rules accept this alert and the target really sends. For a hypothetical alert: an event would be sent
   * now.
   */
  readonly wouldTell: boolean;
  readonly incident?: number;
  /** The verdict that the incident uses. Absent: none. */
  readonly classification?: ShownClassification;
  /** What the verdict about the alert does at this target, and the first rule that limits it. Absent: there is no verdict. */
  readonly weighed?: Pick<WeighedVerdict, "effect" | "limitedBy">;
  /** The trace of the incident's last event, if there is one. */
  readonly traceId?: string;
  /** Says why the target accepts nothing now, although the incident was delivered or the alert would be sent. */
  readonly heldBack?: HeldBack;
  /**
   * The incident is open at the receiver and stays with the key or URL that opened it: an `earlier` one of the target, or the
   * `present` one, which the receiver refuses now.
   */
  readonly keepsKey?: "earlier" | "present";
  /** An incident that the target received as another target's fallback, beside its own. */
  readonly fallback?: Pick<Explained, "state" | "reason" | "detail" | "incident" | "heldBack">;
  /** The event that would be sent, without credentials. */
  readonly event?: unknown;
  readonly history?: readonly HistoryEntry[];
}

/** All current targets, and their decisions about the alert. */
export interface TargetsNow extends UnusedTargets {
  /** The decision of each target in use, by the same code that routes alerts. */
  readonly decisions: readonly Decision[];
  readonly nowMs: number;
  /** Renders the event that a target would receive. Absent: the caller does not need it. */
  readonly render?: (facts: NotificationFacts) => unknown;
}

/** The alert in question. */
export interface Question {
  readonly alert: Alert;
  readonly status: "firing" | "resolved";
  readonly sender: string;
  /** The classification of its episode. Absent: it has none. */
  readonly classification?: Classification;
}

/**
 * Explains an alert that was received: the recorded state at each target, including targets that are invalid or removed. For
 * targets without a record, the decision.
 */
export function explainKnown({ alert: question, incidents }: Explanation, now: TargetsNow): Explained[] {
  const at = Map.groupBy(incidents, ({ incident }) => incident.target);
  const rows = now.decisions.map((decision): Explained => {
    const { target, send } = decision;
    const isShadow = now.shadows.has(target);
    const open = openOf(at.get(target));
    return {
      target,
      ...notApplied(decision),
      ...weighedIn(decision),
      ...rowOf(at.get(target), question, unrecorded(decision, question, isShadow), send),
      wouldTell: send && !isShadow,
      ...(send && now.render && { event: now.render(open ? nextOf(open, now) : firstOf(decision, question, now)) }),
    };
  });
  const listed = new Set(rows.map(({ target }) => target));
  const unused = [
    ...now.invalid.map(({ target, reason, detail }) => ({ target, why: { reason, detail } })),
    ...Array.from(at.keys(), (target) => ({ target, why: { reason: "no_target" as const } })),
  ];
  for (const { target, why } of unused) {
    if (listed.has(target)) continue;
    listed.add(target);
    rows.push({ target, ...rowOf(at.get(target), question, { state: "not_told", ...why }), wouldTell: false });
  }
  return rows;
}

export interface Hypothetical extends Required<TargetsNow> {
  /** The recorded state of this alert; undefined: it was never received. */
  readonly known: Explanation | undefined;
  /** Returns whether a target receives the resolve of an alert that was never seen. */
  readonly adopts: (target: string) => boolean;
  /** Returns why a target accepts nothing now. */
  readonly heldBack: (target: string) => HeldBack | undefined;
}

/** Explains an alert that an operator asks about: what would be sent if it arrived now. */
export function explainHypothetical(question: Question, now: Hypothetical): Explained[] {
  const at = Map.groupBy(now.known?.incidents ?? [], ({ incident }) => incident.target);
  const decided = now.decisions.map((decision): Explained => {
    const { target } = decision;
    const open = openOf(at.get(target));
    const incident = open && { incident: open.incident.id };
    const why = whyNot(decision, question, open, now);
    const event = () => now.render(joined(open, firstOf(decision, question, now)));
    if (why === undefined) {
      const due = { state: "due", reason: "would_tell", wouldTell: true } as const;
      const heldBack = open?.heldBack ?? now.heldBack(target);
      return {
        target,
        ...due,
        ...notApplied(decision),
        ...weighedIn(decision),
        ...incident,
        ...(heldBack && { heldBack }),
        event: event(),
      };
    }
    const isShown = why.reason === "shadow" && decision.send;
    const shown = isShown ? { event: event() } : {};
    return { target, state: "not_told", ...why, ...weighedIn(decision), wouldTell: false, ...incident, ...shown };
  });
  const invalid = now.invalid.map(({ target, reason, detail }): Explained => {
    return { target, state: "not_told", reason, detail, wouldTell: false };
  });
  return [...decided, ...invalid];
}

/**
 * Returns true if no target could receive the alert, whatever its labels: each is invalid, disabled or a shadow, or there is
 * none.
 */
export const hadNoTarget = (explained: readonly Explained[]): boolean =>
  explained.every(({ reason }) =>
    ["target_invalid", "self_target", "target_disabled", "shadow", "no_target"].includes(reason),
  );

/** Returns whether a target accepted an event of the alert since it last started to fire. */
export const wasReceived = ({ alert, incidents }: Explanation): boolean =>
  incidents.some((one) => {
    const { told, opened, manualUntilMs, kind } = one.incident;
    // A closed incident belongs to an earlier episode of an alert that fires, unless a person closed it.
    const isCurrent = alert.status === "resolved" || !isOver(one) || manualUntilMs !== null || kind === "change";
    return isCurrent && told !== null && told.shadow !== true && (told.certain || opened);
  });

type Why = Pick<Explained, "state" | "reason" | "rule" | "detail" | "heldBack">;

/** Undefined: an event would be sent. Filters decide about triggers only; a resolve follows what was sent. */
function whyNot(
  decision: Decision,
  question: Question,
  open: ExplainedIncident | undefined,
  { known, adopts, shadows }: Hypothetical,
): (Partial<Why> & Pick<Why, "reason">) | undefined {
  const { target, send } = decision;
  const told = open?.incident.told;
  const isShadow = shadows.has(target);
  // An incident that was really sent is really resolved, even if the target is a shadow now.
  if (question.status === "resolved" && told) return told.shadow ? { reason: "shadow", rule: "mode" } : undefined;
  if (!send) return unrecorded(decision, question, isShadow);
  if (isShadow) return { reason: "shadow", rule: "mode" };
  if (question.status === "firing") return open && told ? { ...stateAndHold(open), reason: "duplicate" } : undefined;
  return known === undefined && adopts(target) ? undefined : { reason: "resolved_before_told" };
}

const stateAndHold = ({ state, heldBack }: ExplainedIncident): Pick<Why, "state" | "heldBack"> => ({
  state,
  ...(heldBack && { heldBack }),
});

/** Returns whether the incident is final. */
const isOver = ({ state, incident }: ExplainedIncident): boolean =>
  state === "closed" || (state === "not_told" && incident.told === null);

/**
 * Returns the incident to show for a target: its own; or, if that is over or missing, the one that it received as another
 * target's fallback.
 */
function shownOf(here: readonly ExplainedIncident[]): ExplainedIncident | undefined {
  const own = here.find(({ incident }) => incident.fallbackOf === null);
  const standIn = standInOf(here);
  return own && !(isOver(own) && standIn && !isOver(standIn)) ? own : standIn;
}

const standInOf = (here: readonly ExplainedIncident[]): ExplainedIncident | undefined =>
  here.find(({ incident }) => incident.fallbackOf !== null);

function openOf(here: readonly ExplainedIncident[] = []): ExplainedIncident | undefined {
  const shown = shownOf(here);
  return shown && !isOver(shown) ? shown : undefined;
}

/**
 * Explains the recorded state at a target. Returns `otherwise` if nothing was recorded, or if the recorded incident is over but
 * the alert fires and the target does not receive it any more.
 */
function rowOf(
  here: readonly ExplainedIncident[] = [],
  { status }: Question,
  otherwise: Why,
  wanted = false,
): Omit<Explained, "target" | "wouldTell" | "event"> {
  const shown = shownOf(here);
  if (shown === undefined) return otherwise;
  const isOutdated = isOver(shown) && status === "firing" && !wanted;
  const standIn = standInOf(here);
  return {
    ...recorded(shown),
    ...(isOutdated && otherwise),
    ...(standIn && standIn !== shown && { fallback: recorded(standIn) }),
    history: shown.history,
  };
}

function recorded(
  explained: ExplainedIncident,
): Why & Pick<Explained, "keepsKey" | "classification" | "traceId"> & { readonly incident: number } {
  const { reason, incident, fallbackFor, content } = explained;
  const detail =
    fallbackFor === undefined ? incident.lastFailure?.detail : `received as the fallback of ${fallbackFor}`;
  return {
    ...stateAndHold(explained),
    reason,
    incident: incident.id,
    ...(content.verdict && { classification: shownClassification(content.verdict, content.byVerdict) }),
    ...(incident.trace !== undefined && { traceId: traceIdOf(incident.trace) }),
    ...(detail !== undefined && { detail }),
    ...(explained.keepsEarlierKey && { keepsKey: "earlier" as const }),
    ...(isRefusedWhileOpen(explained) && !explained.keepsEarlierKey && { keepsKey: "present" as const }),
  };
}

/** The receiver refuses the key with which it opened the incident, so that a new key does not help the incident. */
const isRefusedWhileOpen = ({ incident: { told }, reason, heldBack }: ExplainedIncident): boolean =>
  told !== null && told.shadow !== true && (heldBack?.reason ?? reason) === "waiting_auth";

function unrecorded(decision: Decision, { alert, status }: Question, isShadow: boolean): Why {
  const state = "not_told";
  if (!decision.send) {
    const { reason, rule, detail } = decision;
    return { state, reason, ...(rule !== undefined && { rule }), detail };
  }
  // Changes are routed once. The ledger does not keep the targets that a change names.
  if (alert.change) return { state, reason: "filtered", detail: notThen };
  if (isShadow) return { state, reason: "shadow", rule: "mode" };
  return { state, reason: status === "firing" ? "would_tell" : "resolved_before_told" };
}

const notThen = "when the change was recorded, it named other targets, or this one did not receive it";

/** Names a filter that was not applied, so that the target receives the alert. */
const notApplied = (decision: Decision): Pick<Explained, "detail"> =>
  decision.send && decision.detail !== undefined ? { detail: decision.detail } : {};

const weighedIn = ({ weighed }: Decision): Pick<Explained, "weighed"> =>
  weighed === undefined
    ? {}
    : { weighed: { effect: weighed.effect, ...(weighed.limitedBy && { limitedBy: weighed.limitedBy }) } };

/** Returns the content of an incident's next event. */
function nextOf({ content, incident }: ExplainedIncident, { nowMs }: TargetsNow): NotificationFacts {
  const action = incident.kind === "change" ? "change" : content.endedAtMs === undefined ? "trigger" : "resolve";
  return { ...content, action, event: notSent(nowMs) };
}

/** Returns the content of an alert's first event at a target. */
function firstOf(decision: Decision, question: Question, { nowMs }: TargetsNow): NotificationFacts {
  const { alert, status, sender } = question;
  const { target, send } = decision;
  const verdict = question.classification?.verdict;
  const where = send ? decision : { dedupKey: alert.fingerprint, severity: "error" as const, summary: "" };
  const { dedupKey, severity, summary } = where;
  const isChange = send && decision.kind === "change";
  const ended = status === "resolved" && { endedAtMs: nowMs };
  const classified = verdict && { verdict, ...(send && decision.byVerdict && { byVerdict: decision.byVerdict }) };
  const content = firstContent(alert, { target, dedupKey, severity, summary, sender, ...ended, ...classified });
  return { ...content, action: isChange ? "change" : ended ? "resolve" : "trigger", event: notSent(nowMs) };
}

/** Returns the event as it is sent for an incident that is already open. */
const joined = (open: ExplainedIncident | undefined, facts: NotificationFacts): NotificationFacts =>
  open === undefined ? facts : { ...facts, incident: open.incident.id, dedupKey: open.incident.dedupKey };
