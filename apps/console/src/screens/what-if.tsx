import { useEffect, useState } from "preact/hooks";
import type { ExplanationBody } from "../api/explanation-body.ts";
import type { Failure } from "../api/failure.ts";
import { apiUrl, request } from "../api/request.ts";
import { whyReadOnly } from "../api/session.ts";
import { useData } from "../api/use-data.ts";
import { curlCommand } from "../format/curl-command.ts";
import { ClaimList } from "../incident/claim-list.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { ChangeList } from "../parts/change-list.tsx";
import { ExplainedList } from "../parts/explained-list.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { Loading } from "../parts/loading.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { Text } from "../parts/text.tsx";
import { hrefOf, place } from "../routing/router.ts";
import { withQuery } from "../routing/with-query.ts";
import { readAlert } from "../what-if/read-alert.ts";
import { readJson } from "../what-if/read-json.ts";

const sampleAlert = {
  labels: { alertname: "DiskFull", severity: "critical", instance: "db-1" },
  annotations: { summary: "The disk of db-1 is full" },
};

const sampleTarget = {
  name: "try",
  type: "pagerduty",
  routing_key: { env: "PAGERDUTY_ROUTING_KEY" },
  filters: { min_severity: "error" },
};

const textOf = (value: unknown): string => JSON.stringify(value, undefined, 2);

/** The decision of every target about an alert that a person pastes or picks. Nothing is sent. */
export function WhatIf() {
  const fingerprint = place.value.query.get("fingerprint") ?? undefined;
  const known = useData<ExplanationBody>(fingerprint === undefined ? undefined : withQuery("explain", { fingerprint }));
  const [alertText, setAlertText] = useState(textOf(sampleAlert));
  const [targetText, setTargetText] = useState<string>();
  const [problem, setProblem] = useState<Failure>();
  const [answer, setAnswer] = useState<ExplanationBody>();
  const [asking, setAsking] = useState(false);
  const labels = known.data?.labels;
  useEffect(() => {
    if (labels) setAlertText(textOf({ labels }));
  }, [labels && JSON.stringify(labels)]);

  /** What to send; a string says why it cannot be sent. */
  const ask = (): { readonly body: unknown } | string => {
    const read = readAlert(alertText);
    const target = targetText === undefined ? undefined : readJson(targetText);
    if ("problem" in read) return read.problem;
    if (target && "problem" in target) return target.problem;
    return { body: target ? { alert: read.alert, target: target.value } : read.alert };
  };
  const explain = async (): Promise<void> => {
    setAnswer(undefined);
    setProblem(undefined);
    const asked = ask();
    if (typeof asked === "string") return setProblem({ status: 0, message: asked, issues: [] });
    setAsking(true);
    const found = await request<ExplanationBody>("explain", { method: "POST", body: asked.body });
    setAsking(false);
    if (found.ok) setAnswer(found.body);
    else setProblem(found.failure);
  };
  const curl = (): string => {
    const asked = ask();
    const body = typeof asked === "string" ? {} : asked.body;
    return curlCommand({ method: "POST", url: new URL(apiUrl("explain"), location.href).href, body });
  };
  return (
    <>
      <PageTitle title="What if" />
      {fingerprint !== undefined && (
        <section aria-labelledby="known">
          <h2 id="known">As recorded</h2>
          <Loading from={known}>
            {(data) => (
              <>
                {data.reason !== undefined && (
                  <p>
                    <StateMark state="not_told" reason={data.reason} />
                  </p>
                )}
                <p>
                  Fingerprint <Text value={data.fingerprint} most={80} />, <b>{data.status}</b>.{" "}
                  <a href={hrefOf("incidents", { fingerprint })}>Its incidents</a>
                </p>
                <ClaimList claims={data.claims} />
                <ExplainedList targets={data.targets} />
                {data.changes !== undefined && (
                  <>
                    <h3>Related changes</h3>
                    <ChangeList changes={data.changes} />
                  </>
                )}
              </>
            )}
          </Loading>
        </section>
      )}
      <section aria-labelledby="ask">
        <h2 id="ask">If this alert arrived now</h2>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void explain();
          }}
        >
          <div class="columns">
            <label class="field">
              Alert as JSON, as in a webhook; or <a href={hrefOf("alerts")}>pick one of the recorded alerts</a>
              <textarea
                rows={10}
                spellcheck={false}
                value={alertText}
                onInput={(event) => setAlertText(event.currentTarget.value)}
              />
            </label>
            <div>
              <label class="check">
                <input
                  type="checkbox"
                  checked={targetText !== undefined}
                  disabled={asking || whyReadOnly.value !== undefined}
                  onChange={(event) => {
                    // The result shown answers the other question.
                    setAnswer(undefined);
                    setProblem(undefined);
                    setTargetText(event.currentTarget.checked ? textOf(sampleTarget) : undefined);
                  }}
                />{" "}
                Try an edited target
              </label>
              {whyReadOnly.value !== undefined && <p class="muted">{whyReadOnly.value}</p>}
              {targetText !== undefined && (
                <label class="field">
                  Target as JSON. Its secrets are not read, and nothing connects to it.
                  <textarea
                    rows={8}
                    spellcheck={false}
                    value={targetText}
                    onInput={(event) => setTargetText(event.currentTarget.value)}
                  />
                </label>
              )}
            </div>
          </div>
          <div class="actions">
            <button type="submit" class="strong">
              {asking ? "Explaining…" : "Explain"}
            </button>
            <CopyButton label="Copy as curl" text={curl} />
            <span class="muted">Nothing is sent.</span>
          </div>
        </form>
        <FailureNotice failure={problem} />
        {answer && (
          <>
            {answer.warnings?.map((warning) => (
              <p class="notice">
                <Text value={warning} />
              </p>
            ))}
            <p role="status">
              {answer.targets.filter(({ wouldTell }) => wouldTell).length} of {answer.targets.length} targets would
              receive it.
            </p>
            <ExplainedList targets={answer.targets} />
          </>
        )}
      </section>
    </>
  );
}
