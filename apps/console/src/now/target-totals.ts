import type { SummaryBody, SummaryRow } from "../api/summary-body.ts";

export interface TargetTotals {
  readonly target: string;
  readonly due: number;
  readonly inFlight: number;
  readonly open: number;
  readonly dead: number;
  /** Due and in flight, by reason, most first. */
  readonly waits: readonly { readonly state: string; readonly reason: string; readonly count: number }[];
}

/** The counts of a summary by target; targets where something waits come first. */
export function targetTotals({ rows }: Pick<SummaryBody, "rows">): TargetTotals[] {
  return [...Map.groupBy(rows, ({ target }) => target)]
    .map(([target, own]) => ({
      target,
      due: total(own, "due") + total(own, "candidate"),
      inFlight: total(own, "in_flight"),
      open: total(own, "told"),
      dead: total(own, "dead"),
      waits: own
        .flatMap(({ state, reason, count }) =>
          reason !== null && (state === "due" || state === "candidate") ? [{ state, reason, count }] : [],
        )
        .toSorted((a, b) => b.count - a.count),
    }))
    .toSorted((a, b) => b.due - a.due || a.target.localeCompare(b.target));
}

const total = (rows: readonly SummaryRow[], state: string): number =>
  rows.reduce((sum, row) => (row.state === state ? sum + row.count : sum), 0);
