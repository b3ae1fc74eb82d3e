import type { SummaryBody } from "../api/summary-body.ts";
import type { TargetBody } from "../api/target-body.ts";
import { formatCount } from "../format/format-count.ts";
import { wordsOf } from "../format/words-of.ts";
import { LimiterMeter } from "../parts/limiter-meter.tsx";
import { TargetState } from "../parts/target-state.tsx";
import { LineText } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { targetPath } from "../routing/parse-route.ts";
import { hrefOf } from "../routing/router.ts";
import { targetTotals, type TargetTotals } from "./target-totals.ts";

interface TargetTableProps {
  readonly summary: SummaryBody;
  readonly targets: readonly TargetBody[] | undefined;
}

const none: Omit<TargetTotals, "target"> = { due: 0, inFlight: 0, open: 0, dead: 0, waits: [] };

/** One row per target: its counts, what it waits for, and whether it can send. */
export function TargetTable({ summary, targets = [] }: TargetTableProps) {
  const totals = targetTotals(summary);
  const counted = new Set(totals.map(({ target }) => target));
  const rows = [
    ...totals,
    ...targets.filter(({ name }) => !counted.has(name)).map(({ name }) => ({ target: name, ...none })),
  ];
  const byName = new Map(targets.map((target) => [target.name, target]));
  return (
    <table class="grid targets" role="table">
      <caption>Targets: open incidents, waits and limits</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Target</th>
          <th role="columnheader">State</th>
          <th role="columnheader" class="number">
            Due
          </th>
          <th role="columnheader" class="number">
            In flight
          </th>
          <th role="columnheader" class="number">
            Open
          </th>
          <th role="columnheader" class="number">
            Dead
          </th>
          <th role="columnheader">Rate limit</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <Row key={row.target} totals={row} target={byName.get(row.target)} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ totals, target }: { readonly totals: TargetTotals; readonly target: TargetBody | undefined }) {
  const { target: name, due, inFlight, open, dead, waits } = totals;
  const list = (state: string, reason?: string) => hrefOf("incidents", { target: name, state, reason });
  // A narrow screen leaves out zeros, and the count of what the waits say already.
  const count = (value: number, label: string, state: string, isSaid = value === 0) => (
    <td role="cell" class={isSaid ? "number zero" : "number"} data-label={label}>
      {value === 0 ? <span class="muted">0</span> : <a href={list(state)}>{formatCount(value)}</a>}
    </td>
  );
  return (
    <tr role="row">
      <th role="rowheader" scope="row">
        <a href={hrefOf(targetPath(name))}>
          <LineText value={name} />
        </a>
      </th>
      <td role="cell" class="target-state">
        {target ? <TargetState target={target} /> : <span class="muted">not configured</span>}
        {waits.length > 0 && " "}
        {waits.length > 0 && (
          <div class="waits">
            {waits.map(({ state, reason, count: waiting }) => (
              <a href={list(state, reason)}>
                {formatCount(waiting)} {wordsOf(reason)}
              </a>
            ))}
          </div>
        )}
        {target?.limiter?.pausedUntil != null && (
          <div>
            Paused until <TimeMark at={target.limiter.pausedUntil} />
          </div>
        )}
      </td>
      {count(due, "due", "due", due === 0 || waits.length > 0)}
      {count(inFlight, "in flight", "in_flight")}
      {count(open, "open", "told")}
      {count(dead, "dead", "dead")}
      <td role="cell" class="limiter">
        {target?.limiter && <LimiterMeter limiter={target.limiter} />}
      </td>
    </tr>
  );
}
