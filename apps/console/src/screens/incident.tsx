import { useEffect } from "preact/hooks";
import type { ExplanationBody } from "../api/explanation-body.ts";
import type { IncidentDetail } from "../api/incident-body.ts";
import { type Data, useData } from "../api/use-data.ts";
import { wordsOf } from "../format/words-of.ts";
import { Classification } from "../incident/classification.tsx";
import { ClaimList } from "../incident/claim-list.tsx";
import { IncidentActions } from "../incident/incident-actions.tsx";
import { isPagingUnreported } from "../incident/is-paging-unreported.ts";
import { linksIn } from "../incident/links-in.ts";
import { Timeline } from "../incident/timeline.tsx";
import { listenToIncidents } from "../live/listen-to-incidents.ts";
import { ChangeList } from "../parts/change-list.tsx";
import { nowMs } from "../parts/clock.ts";
import { ExplainedList } from "../parts/explained-list.tsx";
import { Fields } from "../parts/fields.tsx";
import { JsonView } from "../parts/json-view.tsx";
import { Labels } from "../parts/labels.tsx";
import { Loading } from "../parts/loading.tsx";
import { OutsideLink } from "../parts/outside-link.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { StateMeaning } from "../parts/reason-text.tsx";
import { SeverityMark } from "../parts/severity-mark.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { targetPath } from "../routing/parse-route.ts";
import { hrefOf, route } from "../routing/router.ts";
import { withQuery } from "../routing/with-query.ts";

const rereadEveryMs = 20_000;

/** One incident: why it is in its state, what was sent, what the sources say, and what happened. */
export function Incident() {
  const shown = route.value;
  const id = shown.screen === "incident" ? shown.id : 0;
  const incident = useData<IncidentDetail>(`incidents/${id}`, { everyMs: rereadEveryMs });
  const fingerprint = incident.data?.members[0];
  const explanation = useData<ExplanationBody>(
    fingerprint === undefined ? undefined : withQuery("explain", { fingerprint }),
  );
  const { reload } = incident;
  const { reload: explain } = explanation;
  useEffect(
    () =>
      listenToIncidents(({ incidents, missed }) => {
        if (!missed && !incidents.some((changed) => changed.id === id)) return;
        reload();
        explain();
      }),
    [id, reload, explain],
  );
  if (incident.data === undefined && incident.failure?.status === 404) {
    return (
      <>
        <PageTitle title={`Incident ${id} does not exist`} />
        <p>
          It may have been deleted after the retention time. <a href={hrefOf("incidents")}>All incidents</a>
        </p>
      </>
    );
  }
  return (
    <>
      <p class="crumb">
        <a href={hrefOf("incidents")}>Incidents</a> / {id}
      </p>
      <Loading from={incident}>{(data) => <Shown incident={data} explanation={explanation} reload={reload} />}</Loading>
    </>
  );
}

interface ShownProps {
  readonly incident: IncidentDetail;
  readonly explanation: Data<ExplanationBody>;
  readonly reload: () => void;
}

function Shown({ incident, explanation, reload }: ShownProps) {
  const { id, wanted, target, state, reason, heldBack, lastFailure, classification, changes, timeline } = incident;
  const targets = explanation.data?.targets ?? [];
  const event =
    targets.find((one) => one.incident === id)?.event ?? targets.find((one) => one.target === target)?.event;
  const links = linksIn(event);
  const waits = state === "due" || state === "candidate";
  const nextAttemptAt =
    waits && incident.dueAt != null && Date.parse(incident.dueAt) > nowMs.value ? incident.dueAt : undefined;
  return (
    <>
      <PageTitle title={wanted.summary || incident.dedupKey}>
        <Text value={wanted.summary || incident.dedupKey} most={160} />
      </PageTitle>
      <p class="headline">
        <SeverityMark severity={incident.severity} /> <StateMark state={state} reason={reason} />{" "}
        <span>
          at{" "}
          <a href={hrefOf(targetPath(target))}>
            <Text value={target} most={80} />
          </a>
        </span>
        {wanted.acknowledged && <span class="state"> acknowledged</span>}
      </p>
      <IncidentActions incident={incident} reload={reload} />
      {links.length > 0 && (
        <nav class="links" aria-label="Links of the alert">
          {links.map(({ href, text }) => (
            <OutsideLink key={href} href={href} text={text} />
          ))}
        </nav>
      )}
      <div class="columns">
        <div>
          <section aria-labelledby="why">
            <h2 id="why">Why it is in this state</h2>
            <StateMeaning state={state} reason={reason} />
            <Fields
              rows={[
                [
                  "Held back",
                  heldBack && (
                    <>
                      {wordsOf(heldBack.reason)}
                      {heldBack.detail !== undefined && (
                        <>
                          : <Text value={heldBack.detail} />
                        </>
                      )}
                      {heldBack.until !== undefined && (
                        <>
                          , until <TimeMark at={heldBack.until} />
                        </>
                      )}
                    </>
                  ),
                ],
                [
                  "Last failure",
                  lastFailure && (
                    <>
                      <TimeMark at={lastFailure.at} /> {wordsOf(lastFailure.reason)}:{" "}
                      <Text value={lastFailure.detail} />
                    </>
                  ),
                ],
                ["Next attempt", nextAttemptAt !== undefined && <TimeMark at={nextAttemptAt} />],
              ]}
            />
          </section>
          {classification && <Classification of={classification} />}
          <section aria-labelledby="told">
            <h2 id="told">Sent to the target</h2>
            <Sent incident={incident} />
          </section>
          <section aria-labelledby="sources">
            <h2 id="sources">Reported by the sources</h2>
            <Loading from={explanation}>
              {(data) => (
                <>
                  <ClaimList claims={data.claims} />
                  {data.labels && <Labels labels={data.labels} />}
                </>
              )}
            </Loading>
          </section>
        </div>
        <div>
          <section aria-labelledby="timeline">
            <h2 id="timeline">Timeline</h2>
            {timeline === undefined ? <p class="muted">No timeline.</p> : <Timeline entries={timeline} />}
          </section>
          <section aria-labelledby="changes">
            <h2 id="changes">Related changes</h2>
            <ChangeList changes={changes} />
          </section>
        </div>
      </div>
      <section aria-labelledby="others">
        <h2 id="others">This alert at every target</h2>
        <ExplainedList targets={targets} present={id} />
      </section>
      {event !== undefined && (
        <section aria-labelledby="event">
          <h2 id="event">Rendered event</h2>
          <JsonView value={event} />
        </section>
      )}
    </>
  );
}

function Sent({ incident }: { readonly incident: IncidentDetail }) {
  const { told, attempts, dedupKey, receiver, acknowledgedBy, members, kind } = incident;
  return (
    <Fields
      rows={[
        [
          "Last event",
          told ? (
            <>
              {told.event} as {told.severity}
              {!told.certain && " (no certain answer came)"}
              {told.shadow && " (shadow: nothing was sent)"}, <TimeMark at={told.at} />
            </>
          ) : (
            "nothing was sent"
          ),
        ],
        ["Attempts", String(attempts)],
        [
          "Acknowledged",
          acknowledgedBy && (
            <>
              by <Text value={acknowledgedBy.by} most={80} />, <TimeMark at={acknowledgedBy.at} />
            </>
          ),
        ],
        [
          "At the receiver",
          receiver?.status ? (
            <>
              {wordsOf(receiver.status.is)}, <TimeMark at={receiver.status.at} />
              {receiver.incident !== undefined && (
                <>
                  , incident <Text value={receiver.incident} most={80} />
                </>
              )}
            </>
          ) : (
            isPagingUnreported(incident) &&
            "Accepted by the target. Whether a person was paged has not been reported to Tocsin."
          ),
        ],
        ["Dedup key", <Text value={dedupKey} most={120} />],
        ["Kind", kind !== "alert" && kind],
        ["Alerts", members.length > 1 && `${members.length} in this incident; the texts below are of the leading one`],
        ["Received from its source", <TimeMark at={incident.acceptedAt} />],
        ["Last repeated by its source", incident.sourceConfirmedAt && <TimeMark at={incident.sourceConfirmedAt} />],
      ]}
    />
  );
}
