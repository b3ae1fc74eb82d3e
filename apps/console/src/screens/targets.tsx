import { useState } from "preact/hooks";
import { type Failure } from "../api/failure.ts";
import type { TargetBody, TargetsBody } from "../api/target-body.ts";
import { request } from "../api/request.ts";
import { useData } from "../api/use-data.ts";
import { countOf, formatCount } from "../format/format-count.ts";
import { wordsOf } from "../format/words-of.ts";
import { ActionButton, ReadOnlyNote } from "../parts/action-button.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { LimiterMeter } from "../parts/limiter-meter.tsx";
import { LiveCount } from "../parts/live-count.tsx";
import { Loading } from "../parts/loading.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { TargetState } from "../parts/target-state.tsx";
import { LineText, Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { targetPath } from "../routing/parse-route.ts";
import { hrefOf } from "../routing/router.ts";

/** All targets, invalid ones included, and the places where targets are discovered. */
export function Targets() {
  const list = useData<TargetsBody>("targets", { everyMs: 10_000 });
  const [failure, setFailure] = useState<Failure>();
  const readAgain = async (): Promise<void> => {
    const answer = await request("targets/refresh", { method: "POST" });
    setFailure(answer.ok ? undefined : answer.failure);
    list.reload();
  };
  return (
    <>
      <PageTitle title="Targets" />
      <Loading from={list}>
        {({ targets, discovery, warnings = [] }) => (
          <>
            {warnings.map((warning) => (
              <p class="notice">
                <Text value={warning} />
              </p>
            ))}
            <LiveCount>{countOf(targets.length, "target")}</LiveCount>
            {targets.length === 0 ? (
              <p class="empty">
                No target. Add one to <code>targets</code> in the configuration, or to a place of <code>discovery</code>
                .
              </p>
            ) : (
              <TargetRows targets={targets} />
            )}
            {discovery.length > 0 && (
              <section aria-labelledby="discovery">
                <h2 id="discovery">Discovery</h2>
                <ul>
                  {discovery.map(({ source, where, state, syncedAt, error }) => (
                    <li>
                      {source} <Text value={where} most={200} />: <b>{wordsOf(state)}</b>, last read{" "}
                      <TimeMark at={syncedAt} />
                      {error != null && (
                        <span class="bad-text">
                          {" "}
                          <Text value={error} />
                        </span>
                      )}
                    </li>
                  ))}
                </ul>
              </section>
            )}
          </>
        )}
      </Loading>
      <FailureNotice failure={failure} />
      <div class="actions">
        <ActionButton label="Read all targets again" act={readAgain} />
      </div>
      <ReadOnlyNote />
    </>
  );
}

function TargetRows({ targets }: { readonly targets: readonly TargetBody[] }) {
  return (
    <table class="grid targets" role="table">
      <caption>Targets with state, limit and last answers</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Target</th>
          <th role="columnheader">Type</th>
          <th role="columnheader">State</th>
          <th role="columnheader">Rate limit</th>
          <th role="columnheader" class="number">
            Dead letters
          </th>
          <th role="columnheader">Last success</th>
          <th role="columnheader">Last error</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {targets.map((target) => (
          <tr role="row" key={target.name}>
            <th role="rowheader" scope="row">
              <a data-row href={hrefOf(targetPath(target.name))}>
                <LineText value={target.name} />
              </a>
            </th>
            <td role="cell">{target.type ?? "unknown"}</td>
            <td role="cell" class="target-state">
              <TargetState target={target} />
              {target.errors.slice(0, 3).map(({ path, message }) => (
                <div class="bad-text">
                  <LineText value={path === "" ? message : `${path}: ${message}`} />
                </div>
              ))}
            </td>
            <td role="cell" class="limiter">
              {target.limiter && <LimiterMeter limiter={target.limiter} />}
            </td>
            <td role="cell" class={target.deadLetters === 0 ? "number zero" : "number"} data-name="dead letters">
              {target.deadLetters === 0 ? (
                <span class="muted">0</span>
              ) : (
                <a href={hrefOf("deadletters", { target: target.name })}>{formatCount(target.deadLetters)}</a>
              )}
            </td>
            <td role="cell" data-name="last success">
              {target.lastSuccess !== undefined && <TimeMark at={target.lastSuccess?.at} show="age" />}
            </td>
            <td role="cell" data-name="last error">
              {target.lastError !== undefined && <TimeMark at={target.lastError?.at} show="age" />}
              {target.lastError && ` ${wordsOf(target.lastError.reason)}`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
