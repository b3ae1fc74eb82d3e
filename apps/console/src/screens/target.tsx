import type { TargetBody } from "../api/target-body.ts";
import { useData } from "../api/use-data.ts";
import { formatCount } from "../format/format-count.ts";
import { adviceForPage } from "../format/advice-for-page.ts";
import { formatDuration } from "../format/format-duration.ts";
import { wordsOf } from "../format/words-of.ts";
import { Fields } from "../parts/fields.tsx";
import { LimiterMeter } from "../parts/limiter-meter.tsx";
import { Loading } from "../parts/loading.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { ReasonText, useReasonTexts } from "../parts/reason-text.tsx";
import { TargetState } from "../parts/target-state.tsx";
import { Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { targetPath } from "../routing/parse-route.ts";
import { hrefOf, route } from "../routing/router.ts";
import { TargetTest } from "../targets/target-test.tsx";

/** One target: its errors, its limits, the last answers, and a test. */
export function Target() {
  const shown = route.value;
  const name = shown.screen === "target" ? shown.name : "";
  const target = useData<TargetBody>(targetPath(name), { everyMs: 5_000 });
  return (
    <>
      <p class="crumb">
        <a href={hrefOf("targets")}>Targets</a> /
      </p>
      <PageTitle title={name}>
        <Text value={name} most={120} />
      </PageTitle>
      <Loading from={target}>{(data) => <Shown target={data} reload={target.reload} />}</Loading>
    </>
  );
}

function Shown({ target, reload }: { readonly target: TargetBody; readonly reload: () => void }) {
  const { name, errors, warnings, heldBack, limiter, breaker, reachability, lastSuccess, lastError } = target;
  const texts = useReasonTexts();
  const lastFailure = breaker?.lastFailure;
  return (
    <>
      <p class="headline">
        <TargetState target={target} />
      </p>
      {heldBack && (
        <div class="notice bad">
          <p>
            Nothing is sent to it now: {wordsOf(heldBack.reason)}
            {heldBack.detail !== undefined && (
              <>
                , <Text value={heldBack.detail} most={160} />
              </>
            )}
            {heldBack.until !== undefined && (
              <>
                , until <TimeMark at={heldBack.until} />
              </>
            )}
            .
          </p>
          <p>
            <ReasonText text={adviceForPage(texts?.reasons[heldBack.reason]?.remedy ?? "")} />
          </p>
        </div>
      )}
      {errors.length > 0 && (
        <section aria-labelledby="errors">
          <h2 id="errors">Errors</h2>
          <ul>
            {errors.map(({ path, message }) => (
              <li>
                {path !== "" && (
                  <>
                    <code>
                      <Text value={path} />
                    </code>
                    :{" "}
                  </>
                )}
                <Text value={message} />
              </li>
            ))}
          </ul>
          {target.inForce === true && <p>The earlier, valid definition is still in use.</p>}
          {target.inForce === false && <p>No earlier definition is in use: this target receives nothing.</p>}
        </section>
      )}
      {warnings.length > 0 && (
        <section aria-labelledby="warnings">
          <h2 id="warnings">Warnings</h2>
          <ul>
            {warnings.map((warning) => (
              <li>
                <Text value={typeof warning === "string" ? warning : `${warning.path}: ${warning.message}`} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <Fields
        rows={[
          ["Type", target.type],
          ["Server", target.origin !== undefined && <Text value={target.origin} />],
          [
            "Defined in",
            <>
              {target.source} <Text value={target.place} />
            </>,
          ],
          ["Rate limit", limiter && <LimiterMeter limiter={limiter} />],
          ["Paused until", limiter?.pausedUntil != null && <TimeMark at={limiter.pausedUntil} />],
          [
            "Breaker",
            breaker && (
              <>
                {wordsOf(breaker.state)}
                {breaker.until != null && (
                  <>
                    {" "}
                    until <TimeMark at={breaker.until} />
                  </>
                )}
                {lastFailure !== undefined && lastFailure !== null && (
                  <>
                    , last failure:{" "}
                    <Text
                      value={typeof lastFailure === "string" ? lastFailure : JSON.stringify(lastFailure)}
                      most={160}
                    />
                  </>
                )}
              </>
            ),
          ],
          [
            "Reachable",
            reachability && (
              <>
                {reachability.ok ? "yes" : "no"}
                {reachability.tookMs !== undefined && `, ${formatDuration(reachability.tookMs)}`}
                {reachability.detail !== undefined && (
                  <>
                    , <Text value={reachability.detail} />
                  </>
                )}
                , checked <TimeMark at={reachability.at} />
              </>
            ),
          ],
          ["Last success", lastSuccess !== undefined && <TimeMark at={lastSuccess?.at} />],
          [
            "Last error",
            lastError === undefined ? undefined : lastError ? (
              <>
                <TimeMark at={lastError.at} /> {wordsOf(lastError.reason)}
                {lastError.detail !== undefined && (
                  <>
                    : <Text value={lastError.detail} />
                  </>
                )}
              </>
            ) : (
              <span class="muted">never</span>
            ),
          ],
          [
            "Dead letters",
            target.deadLetters === 0 ? (
              "none"
            ) : (
              <a href={hrefOf("deadletters", { target: name })}>{formatCount(target.deadLetters)}</a>
            ),
          ],
          [
            "Incidents",
            <>
              <a href={hrefOf("incidents", { target: name, state: "due" })}>due</a>,{" "}
              <a href={hrefOf("incidents", { target: name, state: "told" })}>open</a>,{" "}
              <a href={hrefOf("incidents", { target: name })}>all</a>
            </>,
          ],
        ]}
      />
      <section aria-labelledby="test">
        <h2 id="test">Test</h2>
        <TargetTest target={target} tested={reload} />
      </section>
    </>
  );
}
