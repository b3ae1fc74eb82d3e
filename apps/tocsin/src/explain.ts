import type { Alert, Decision, HistoryEntry, IncidentState, IncidentView, Reason, Telling } from "@tocsin/core";

/** Why one target was told of an alert, or was not, or would be. */
export interface Explained {
  readonly target: string;
  readonly state: IncidentState;
  readonly reason: Reason;
  /** More than the reason says, in words. */
  readonly detail?: string;
  /** The target's rules want to hear of this alert; of a hypothetical one: something would be sent now. */
  readonly wouldTell: boolean;
  readonly incident?: number;
  /** What would be sent, without credentials. */
  readonly event?: unknown;
  readonly history?: readonly HistoryEntry[];
}

/** The latest incident of an alert at one target. */
export interface Episode {
  readonly view: IncidentView;
  readonly history: readonly HistoryEntry[];
}

export interface Known {
  readonly alert: Alert;
  readonly status: "firing" | "resolved";
  readonly nowMs: number;
  /** By the very code that routes, for the targets as they are now. */
  readonly decisions: readonly Decision[];
  /** By target. */
  readonly episodes: ReadonlyMap<string, Episode>;
  /** What a target would be sent. */
  readonly render: (target: string, telling: Telling) => unknown;
}

/** An alert that came: what was recorded at each target, also at those that are gone; where nothing was, the decision. */
export function explainKnown({ alert, status, nowMs, decisions, episodes, render }: Known): Explained[] {
  const decided = new Set(decisions.map(({ target }) => target));
  const gone = [...episodes].filter(([target]) => !decided.has(target));
  return [
    ...decisions.map((decision): Explained => {
      const { target } = decision;
      const episode = episodes.get(target);
      return {
        target,
        ...(episode ? recorded(episode) : unrecorded(decision)),
        wouldTell: decision.tell,
        ...(decision.tell && { event: render(target, telling(decision, { alert, status, nowMs })) }),
      };
    }),
    ...gone.map(([target, episode]): Explained => ({ target, ...recorded(episode), wouldTell: false })),
  ];
}

export interface Hypothetical extends Known {
  /** Nothing was ever heard of this fingerprint. */
  readonly unheardOf: boolean;
  /** Whether a target is sent a resolve of what was never heard of. */
  readonly adopts: (target: string) => boolean;
}

/** An alert that somebody asks about: what would be sent if it came now. */
export function explainHypothetical(question: Hypothetical): Explained[] {
  const { decisions, episodes, render } = question;
  return decisions.map((decision): Explained => {
    const { target } = decision;
    const open = episodes.get(target);
    const why = whyNot(decision, isOpen(open) ? open.view : undefined, question);
    const incident = isOpen(open) ? { incident: open.view.incident.id } : {};
    if (why !== undefined) return { target, state: "not_told", wouldTell: false, ...why, ...incident };
    const event = render(target, telling(decision, question));
    return { target, state: "due", reason: "would_tell", wouldTell: true, ...incident, event };
  });
}

type WhyNot = Pick<Explained, "reason" | "detail"> & { readonly state?: IncidentState };

/** Undefined: it would be told. Filters decide triggers only; a resolve follows what was told. */
function whyNot(decision: Decision, open: IncidentView | undefined, question: Hypothetical): WhyNot | undefined {
  if (question.status === "resolved") {
    if (open?.incident.told) return undefined;
    if (decision.tell && question.unheardOf && question.adopts(decision.target)) return undefined;
    return decision.tell ? { reason: "resolved_before_told" } : unrecorded(decision);
  }
  if (!decision.tell) return unrecorded(decision);
  return open?.incident.told ? { state: open.state, reason: "duplicate" } : undefined;
}

const isOpen = (episode: Episode | undefined): episode is Episode =>
  episode !== undefined && episode.view.state !== "closed" && episode.view.state !== "not_told";

const recorded = ({ view, history }: Episode) => ({
  state: view.state,
  reason: view.reason,
  incident: view.incident.id,
  history,
});

const unrecorded = (decision: Decision): Pick<Explained, "state" | "reason" | "detail"> =>
  decision.tell
    ? { state: "not_told", reason: "resolved_before_told" }
    : { state: "not_told", reason: decision.reason, detail: decision.detail };

type Asked = Pick<Known, "alert" | "status" | "nowMs">;

const telling = (decision: Decision, { alert, status, nowMs }: Asked): Telling => ({
  action: status === "resolved" ? "resolve" : decision.tell && decision.kind === "change" ? "change" : "trigger",
  dedupKey: decision.tell ? decision.dedupKey : alert.fingerprint,
  eventId: "explained",
  eventAtMs: nowMs,
  severity: decision.tell ? decision.severity : "error",
  alert,
  summary: decision.tell ? decision.summary : "",
  firing: status === "firing" ? 1 : 0,
  ...(status === "resolved" && { endsAtMs: nowMs }),
});
