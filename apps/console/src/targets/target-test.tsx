import { useState } from "preact/hooks";
import type { Failure } from "../api/failure.ts";
import { request } from "../api/request.ts";
import type { TargetBody, TestReport } from "../api/target-body.ts";
import { formatDuration } from "../format/format-duration.ts";
import { wordsOf } from "../format/words-of.ts";
import { ActionButton, ReadOnlyNote } from "../parts/action-button.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { JsonView } from "../parts/json-view.tsx";
import { Text } from "../parts/text.tsx";
import { targetPath } from "../routing/parse-route.ts";
import { hrefOf } from "../routing/router.ts";

/** Sends a marked incident to one target, or only checks its key, and shows the answer. */
export function TargetTest({ target, tested }: { readonly target: TargetBody; readonly tested: () => void }) {
  const [report, setReport] = useState<TestReport>();
  const [failure, setFailure] = useState<Failure>();
  const run = async (query: string): Promise<void> => {
    setReport(undefined);
    setFailure(undefined);
    const answer = await request<TestReport>(`${targetPath(target.name)}/test${query}`, { method: "POST" });
    if (answer.ok) setReport(answer.body);
    else setFailure(answer.failure);
    tested();
  };
  const noKeyCheck = target.type === "pagerduty" ? undefined : "Only PagerDuty has a check of the key.";
  return (
    <>
      <div class="actions">
        <ActionButton
          label="Send a test"
          confirm="This opens and resolves a marked incident at the receiver. It may page."
          act={() => run("")}
        />
        <ActionButton label="Check the key" unavailable={noKeyCheck} act={() => run("?only=key")} />
      </div>
      {noKeyCheck !== undefined && <p class="muted">{noKeyCheck}</p>}
      <ReadOnlyNote />
      <FailureNotice failure={failure} />
      <div role="status">{report && <Report report={report} />}</div>
    </>
  );
}

function Report({ report: { ok, attempts, waiting, heldBack, incident } }: { readonly report: TestReport }) {
  return (
    <div class={ok ? "notice good" : "notice bad"}>
      <p>
        <b>{ok ? "The target accepted it." : "The target did not accept it."}</b>
        {waiting !== undefined && ` No attempt has ended: ${wordsOf(waiting)}.`}
        {heldBack?.detail !== undefined && (
          <>
            {" "}
            <Text value={heldBack.detail} />
          </>
        )}{" "}
        {incident !== undefined && <a href={hrefOf(`incidents/${incident}`)}>incident {incident}</a>}
      </p>
      {attempts.map((attempt) => (
        <details>
          <summary>
            {attempt.action}: {wordsOf(attempt.outcome)}
            {attempt.status !== undefined && `, status ${attempt.status}`}, {formatDuration(attempt.durationMs)}
          </summary>
          <p>
            Answer: <Text value={attempt.answer} />
          </p>
          {attempt.sent !== undefined && <JsonView value={attempt.sent} />}
        </details>
      ))}
    </div>
  );
}
