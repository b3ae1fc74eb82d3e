import type { ProblemsBody } from "../api/summary-body.ts";
import { adviceForPage } from "../format/advice-for-page.ts";
import { ReasonText } from "../parts/reason-text.tsx";
import { SeverityMark } from "../parts/severity-mark.tsx";
import { Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { hrefOf } from "../routing/router.ts";
import { problemLink } from "./problem-link.ts";

function ProblemScreen({ condition, object }: { readonly condition: string; readonly object: string }) {
  const link = problemLink(condition, object);
  return link === undefined ? null : (
    <a data-row href={hrefOf(link.path)}>
      {link.text} <span class="hidden">of {object}</span>
    </a>
  );
}

/** The problems that `tocsin doctor` lists, with their fixes. */
export function ProblemList({ problems }: Pick<ProblemsBody, "problems">) {
  if (problems.length === 0) return <p class="good-text">No problem of Tocsin or its targets is known.</p>;
  return (
    <ul class="problems">
      {problems.map(({ condition, severity, object, summary, since, noticed, fix }) => (
        <li key={`${condition} ${object}`}>
          <SeverityMark severity={severity} /> <Text value={summary} most={160} />{" "}
          {since != null && (
            <span class="muted">
              {noticed ? "noticed" : "since"} <TimeMark at={since} />
            </span>
          )}
          <div class="muted">
            <ReasonText text={adviceForPage(fix)} />
          </div>
          <ProblemScreen condition={condition} object={object} />
        </li>
      ))}
    </ul>
  );
}
