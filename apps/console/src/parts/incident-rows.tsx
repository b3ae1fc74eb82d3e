import { useMemo } from "preact/hooks";
import type { IncidentBody } from "../api/incident-body.ts";
import { hrefOf } from "../routing/router.ts";
import { SeverityMark } from "./severity-mark.tsx";
import { StateMark } from "./state-mark.tsx";
import { LineText } from "./text.tsx";
import { TimeMark } from "./time-mark.tsx";

export interface Selection {
  readonly ids: ReadonlySet<number>;
  readonly isFull: boolean;
  readonly toggle: (id: number) => void;
}

interface IncidentRowsProps {
  readonly caption: string;
  readonly incidents: readonly IncidentBody[];
  readonly selection?: Selection;
  /** Rows that may not match the filters any more. */
  readonly left?: ReadonlySet<number>;
  /** @default "updated" */
  readonly age?: "updated" | "due";
}

/** Incidents as a table, which narrow screens show as two lines each. */
export function IncidentRows({ caption, incidents, selection, left, age = "updated" }: IncidentRowsProps) {
  return (
    <table class="grid incidents" role="table">
      <caption>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {selection && (
            <th role="columnheader" class="select">
              <span class="hidden">Select</span>
            </th>
          )}
          <th role="columnheader">Severity</th>
          <th role="columnheader">Summary</th>
          <th role="columnheader">Target</th>
          <th role="columnheader">State</th>
          <th role="columnheader" class="number">
            {age === "due" ? "Waiting since" : "Changed"}
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {incidents.map((incident) => (
          <IncidentRow
            key={incident.id}
            incident={incident}
            {...{ selection, age }}
            isLeft={left?.has(incident.id) ?? false}
          />
        ))}
      </tbody>
    </table>
  );
}

interface IncidentRowProps {
  readonly incident: IncidentBody;
  readonly selection: Selection | undefined;
  readonly isLeft: boolean;
  readonly age: "updated" | "due";
}

function IncidentRow({ incident, selection, isLeft, age }: IncidentRowProps) {
  const toggle = selection?.toggle;
  const isSelected = selection?.ids.has(incident.id) ?? false;
  const isDisabled = selection?.isFull === true && !isSelected;
  // Preact leaves an element alone that is the same object as before: in a storm, most rows of a page stay as they are.
  return useMemo(() => {
    const { id, severity, wanted, target, state, reason, kind } = incident;
    return (
      <tr role="row" class={isLeft ? "left" : undefined}>
        {toggle && (
          <td role="cell" class="select">
            <label>
              <input
                type="checkbox"
                data-select
                checked={isSelected}
                disabled={isDisabled}
                onChange={() => toggle(id)}
              />
              <span class="hidden">Select incident {id}</span>
            </label>
          </td>
        )}
        <td role="cell" class="severity-cell">
          {kind === "change" ? <span class="muted">change</span> : <SeverityMark severity={severity} />}
        </td>
        <td role="cell" class="summary">
          <a data-row href={hrefOf(`incidents/${id}`)}>
            <LineText value={wanted.summary || incident.dedupKey} />
          </a>
        </td>
        <td role="cell" class="target">
          <LineText value={target} most={60} />
        </td>
        <td role="cell" class="state-cell">
          <StateMark state={state} reason={reason} />
          {wanted.acknowledged && <span class="muted"> acknowledged</span>}
          {wanted.status === "resolved" && state !== "closed" && <span class="muted"> resolved at its source</span>}
        </td>
        <td role="cell" class="number age">
          <TimeMark at={age === "due" ? (incident.dueSince ?? incident.wanted.at) : incident.updatedAt} show="age" />
        </td>
      </tr>
    );
  }, [incident, toggle, isSelected, isDisabled, isLeft, age]);
}
