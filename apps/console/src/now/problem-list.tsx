import type { ProblemsBody } from "../api/summary-body.ts";
import { ReasonText } from "../parts/reason-text.tsx";
import { SeverityMark } from "../parts/severity-mark.tsx";
import { Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";

/** The problems that `tocsin doctor` lists, with their fixes. */
export function ProblemList({ problems }: Pick<ProblemsBody, "problems">) {
  if (problems.length === 0) return <p class="good-text">No problem of Tocsin or its targets is known.</p>;
  return (
    <ul class="problems">
      {problems.map(({ condition, severity, object, summary, since, fix }) => (
        <li key={`${condition} ${object}`}>
          <SeverityMark severity={severity} /> <Text value={summary} />{" "}
          {since != null && (
            <span class="muted">
              since <TimeMark at={since} />
            </span>
          )}
          <div class="muted">
            <ReasonText text={fix} />
          </div>
        </li>
      ))}
    </ul>
  );
}
