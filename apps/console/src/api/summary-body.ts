import type { IncidentBody } from "./incident-body.ts";

/** The answer of `/api/v1/incidents/summary`. */
export interface SummaryBody {
  readonly at: string;
  readonly rows: readonly SummaryRow[];
  readonly oldestDue: readonly IncidentBody[];
  readonly alerts: { readonly firing: number; readonly resolved: number };
  readonly deadLetters: readonly { readonly target: string; readonly reason: string; readonly count: number }[];
  /** Totals of one process since its start. */
  readonly rates: { readonly process: string; readonly received: number; readonly sent: number };
}

export interface SummaryRow {
  readonly target: string;
  readonly state: string;
  readonly reason: string | null;
  readonly count: number;
}

export interface ProblemsBody {
  readonly ok: boolean;
  readonly problems: readonly {
    readonly condition: string;
    readonly severity: string;
    readonly object: string;
    readonly summary: string;
    readonly since?: string | null;
    /** The beginning is unknown: `since` is when the service first found it. */
    readonly noticed?: true;
    readonly fix: string;
  }[];
}
