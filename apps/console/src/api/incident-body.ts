export type Severity = "critical" | "error" | "warning" | "info";

/** Why a target accepts nothing now. */
export interface HeldBack {
  readonly reason: string;
  readonly detail?: string;
  readonly until?: string;
}

/** An incident as lists and the stream show it. Instants are ISO 8601. */
export interface IncidentBody {
  readonly id: number;
  readonly target: string;
  readonly dedupKey: string;
  readonly kind: string;
  readonly members: readonly string[];
  readonly severity: Severity;
  readonly state: string;
  readonly reason: string;
  readonly heldBack?: HeldBack;
  readonly wanted: {
    readonly status: "firing" | "resolved";
    readonly acknowledged: boolean;
    readonly severity: Severity;
    readonly summary: string;
    readonly at: string;
  };
  readonly told: {
    readonly event: string;
    readonly certain: boolean;
    readonly severity: Severity;
    readonly at: string;
    readonly shadow?: true;
  } | null;
  readonly dueAt?: string | null;
  /** Since when an event has waited to be delivered, across retries. */
  readonly dueSince?: string | null;
  readonly attempts: number;
  readonly lastFailure?: { readonly reason: string; readonly detail: string; readonly at: string } | null;
  readonly acceptedAt: string;
  readonly updatedAt: string;
  /** When the receiver first reported that it has the incident. */
  readonly confirmedAt?: string | null;
  /** When a source last confirmed the alert. */
  readonly sourceConfirmedAt?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly acknowledgedBy?: { readonly by: string; readonly at: string };
  readonly receiver?: {
    readonly incident?: string;
    readonly confirmedAt?: string;
    readonly status?: { readonly is: string; readonly at: string };
  };
  readonly traceId?: string;
}

export interface IncidentPage {
  readonly incidents: readonly IncidentBody[];
  readonly nextCursor?: string;
  readonly searched?: { readonly looked: number; readonly stopped: boolean };
}

/** One line of the timeline; the fields beside `at` and `what` depend on `what`. */
export interface TimelineEntry {
  readonly at: string;
  readonly what: string;
  readonly sources?: readonly string[];
  readonly startsAt?: string;
  readonly target?: string;
  readonly severity?: Severity;
  readonly summary?: string;
  readonly reason?: string;
  readonly until?: string;
  readonly durationMs?: number;
  readonly action?: string;
  readonly outcome?: string;
  readonly shadow?: boolean;
  readonly status?: number | string;
  readonly startedAt?: string;
  readonly answer?: string;
  readonly by?: string;
  readonly incident?: string;
  readonly text?: string;
  readonly detail?: string;
  readonly id?: string;
  readonly origin?: string;
  readonly state?: string;
  readonly links?: readonly { readonly href: string; readonly text?: string }[];
}

/** The verdict of a model or of rules that the incident uses. A model's texts are untrusted. */
export interface ClassificationBody {
  readonly severity: string;
  readonly confidence: number;
  readonly reasoning: string;
  readonly recommendations: readonly string[];
  readonly category: string;
  readonly model: string;
  readonly provider: string;
  readonly fallback: boolean;
  readonly ofShape: boolean;
  readonly changed: "filled" | "raised" | "lowered" | null;
}

export interface IncidentDetail extends IncidentBody {
  readonly classification?: ClassificationBody;
  readonly timeline?: readonly TimelineEntry[];
  readonly changes: readonly RelatedChange[];
}

export interface RelatedChange {
  readonly id: string;
  readonly summary: string;
  readonly timestamp?: string;
  readonly acceptedAt: string;
  readonly origin?: string;
  readonly source?: string;
  readonly environment?: string;
  readonly links?: readonly { readonly href: string; readonly text?: string }[];
}
