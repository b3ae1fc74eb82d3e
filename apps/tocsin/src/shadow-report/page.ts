import type { incidentBody } from "../http/endpoints/incidents.ts";

/** An incident that a target in shadow mode would have opened at its receiver. Times are those at which its events would have been sent. */
export interface Page {
  readonly incident: number;
  readonly target: string;
  readonly alertName: string;
  readonly members: readonly string[];
  readonly dedupKey: string;
  readonly severity: string;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly triggeredAt: string;
  readonly acknowledgedAt: string | null;
  readonly resolvedAt: string | null;
  /** Further triggers: reminders, a higher severity, changed members. */
  readonly repeats: number;
}

export type ShownIncident = ReturnType<typeof incidentBody> & {
  readonly timeline: readonly Readonly<Record<string, unknown>>[];
};

/** Returns what the receiver would have got of an incident. Undefined: nothing. */
export function pageOf({ timeline, ...incident }: ShownIncident): Page | undefined {
  const timesOf = (event: string): string[] =>
    timeline.flatMap(({ what, shadow, outcome, action, at }) =>
      what === "attempt" && shadow === true && outcome === "accepted" && action === event ? [String(at)] : [],
    );
  const [triggeredAt, ...repeats] = timesOf("trigger");
  if (triggeredAt === undefined) return undefined;
  const { id, target, labels, members, dedupKey, severity, wanted } = incident;
  return {
    incident: id,
    target,
    alertName: labels["alertname"] ?? "",
    members,
    dedupKey,
    severity,
    summary: wanted.summary,
    labels,
    triggeredAt,
    acknowledgedAt: timesOf("acknowledge").at(-1) ?? null,
    resolvedAt: timesOf("resolve").at(-1) ?? null,
    repeats: repeats.length,
  };
}

/** The alerts of one target in shadow mode. */
export interface ShadowTarget {
  readonly target: string;
  readonly pages: readonly Page[];
  /** Alerts that ended before anything would have been sent. */
  readonly nothingSent: number;
  /** The target has more incidents than are read. */
  readonly truncated: boolean;
}
