import type { Explained } from "../api/explanation-body.ts";
import { wordsOf } from "../format/words-of.ts";
import { targetPath } from "../routing/parse-route.ts";
import { hrefOf } from "../routing/router.ts";
import { JsonView } from "./json-view.tsx";
import { StateMark } from "./state-mark.tsx";
import { ReasonText, useReasonTexts } from "./reason-text.tsx";
import { Text } from "./text.tsx";
import { TimeMark } from "./time-mark.tsx";

interface ExplainedListProps {
  readonly targets: readonly Explained[];
  /** The incident whose page shows the list. */
  readonly present?: number;
}

/** The decision of each target about an alert, with the rule that decided and the event that it would receive. */
export function ExplainedList({ targets, present }: ExplainedListProps) {
  return (
    <ul class="explained">
      {targets.map((explained) => (
        <li key={explained.target}>
          <ExplainedTarget explained={explained} isPresent={present !== undefined && explained.incident === present} />
        </li>
      ))}
    </ul>
  );
}

function ExplainedTarget({ explained, isPresent }: { readonly explained: Explained; readonly isPresent: boolean }) {
  const { target, state, reason, detail, rule, incident, heldBack, fallback, event } = explained;
  const texts = useReasonTexts();
  return (
    <>
      <div>
        <a href={hrefOf(targetPath(target))}>
          <Text value={target} most={80} />
        </a>{" "}
        <StateMark state={state} reason={reason} />{" "}
        {incident !== undefined &&
          (isPresent ? (
            <span class="muted">this incident</span>
          ) : (
            <a href={hrefOf(`incidents/${incident}`)}>incident {incident}</a>
          ))}
      </div>
      <div class="muted">
        {detail !== undefined ? (
          <Text value={detail} />
        ) : (
          reason !== "delivered" && <ReasonText text={texts?.reasons[reason]?.meaning} />
        )}
      </div>
      {rule !== undefined && (
        <div>
          Decided by{" "}
          <code>
            <Text value={rule} most={200} />
          </code>
        </div>
      )}
      {heldBack && (
        <div>
          Held back: {wordsOf(heldBack.reason)}
          {heldBack.detail !== undefined && (
            <>
              , <Text value={heldBack.detail} />
            </>
          )}
          {heldBack.until !== undefined && (
            <>
              , until <TimeMark at={heldBack.until} />
            </>
          )}
        </div>
      )}
      {fallback && (
        <div>
          As a fallback: <StateMark state={fallback.state} reason={fallback.reason} />{" "}
          {fallback.incident !== undefined && (
            <a href={hrefOf(`incidents/${fallback.incident}`)}>incident {fallback.incident}</a>
          )}
        </div>
      )}
      {event !== undefined && !isPresent && (
        <details>
          <summary>Event for {target}</summary>
          <JsonView value={event} />
        </details>
      )}
    </>
  );
}
