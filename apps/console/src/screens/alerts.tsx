import { groupTargets } from "../alerts/group-targets.ts";
import type { AlertBody, AlertPage } from "../api/explanation-body.ts";
import { useData } from "../api/use-data.ts";
import { countOf } from "../format/format-count.ts";
import { wordsOf } from "../format/words-of.ts";
import { LabelLine } from "../parts/labels.tsx";
import { LiveCount } from "../parts/live-count.tsx";
import { Loading } from "../parts/loading.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { Pager } from "../parts/pager.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { StateMark } from "../parts/state-mark.tsx";
import { LineText } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { hrefOf, navigate, place } from "../routing/router.ts";
import { withQuery } from "../routing/with-query.ts";

/** Alerts by their labels, and those that no target received. */
export function Alerts() {
  const { query } = place.value;
  const matcher = query.get("matcher") ?? "";
  const received = query.get("received") === "none" ? "none" : undefined;
  const page = useData<AlertPage>(
    withQuery("alerts", { matcher, received, cursor: query.get("cursor") ?? undefined, limit: "50" }),
  );
  return (
    <>
      <PageTitle title="Alerts" />
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <SearchField
          label="Matchers, all of which must match"
          placeholder={'alertname="DiskFull", team=~"web|api"'}
          value={matcher}
          apply={(value) => navigate(hrefOf("alerts", { matcher: value, received }))}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={received !== undefined}
            onChange={(event) =>
              navigate(hrefOf("alerts", { matcher, received: event.currentTarget.checked ? "none" : undefined }))
            }
          />{" "}
          Only alerts that no target received
        </label>
        <button type="button" data-refresh onClick={page.reload}>
          Refresh
        </button>
      </form>
      <Loading from={page}>
        {({ alerts, nextCursor, warnings = [] }) => (
          <>
            {warnings.map((warning) => (
              <p class="notice">{warning}</p>
            ))}
            <LiveCount>{countOf(alerts.length, "alert") + (nextCursor === undefined ? "" : " on this page")}</LiveCount>
            {alerts.length === 0 ? (
              <p class="empty">
                {nextCursor !== undefined
                  ? 'No alert so far. The search stopped at its limit; "Older" continues it.'
                  : received !== undefined
                    ? "Every alert that matches was received by a target."
                    : matcher === ""
                      ? "No alert yet. Point Alertmanager, Grafana or Prometheus at Tocsin."
                      : "No alert matches."}
              </p>
            ) : (
              <AlertRows alerts={alerts} />
            )}
            <Pager nextCursor={nextCursor} />
          </>
        )}
      </Loading>
    </>
  );
}

/** Names only the targets where something was sent or should be; the others are counted by reason. */
function TargetGroups({ targets }: Pick<AlertBody, "targets">) {
  const groups = groupTargets({ targets });
  const unsent = groups.filter(({ state }) => state === "not_told");
  return (
    <>
      {groups
        .filter(({ state }) => state !== "not_told")
        .map((group) => (
          <div>
            <StateMark state={group.state} reason={group.reason} />{" "}
            <LineText value={group.targets.join(", ")} most={200} />
          </div>
        ))}
      {unsent.length > 0 && (
        <div class="muted">
          {wordsOf("not_told")}: {unsent.map((group) => `${group.targets.length} ${wordsOf(group.reason)}`).join(", ")}
        </div>
      )}
    </>
  );
}

function AlertRows({ alerts }: { readonly alerts: readonly AlertBody[] }) {
  return (
    <table class="grid alerts" role="table">
      <caption>Alerts with their state at each target</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Alert</th>
          <th role="columnheader">Status</th>
          <th role="columnheader">Targets</th>
          <th role="columnheader" class="number">
            Confirmed
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {alerts.map(({ fingerprint, labels, status, targets, confirmedAt, reason }) => (
          <tr role="row" key={fingerprint}>
            <td role="cell" class="summary">
              <a data-row href={hrefOf("whatif", { fingerprint })}>
                <LineText value={labels["alertname"] ?? fingerprint} />
              </a>{" "}
              <LabelLine labels={labels} except={["alertname"]} />
            </td>
            <td role="cell">{status}</td>
            <td role="cell" class="state-cell">
              {reason !== undefined && <StateMark state="not_told" reason={reason} />}
              <TargetGroups targets={targets} />
              <a href={hrefOf("incidents", { fingerprint })}>incidents</a>
            </td>
            <td role="cell" class="number age">
              <TimeMark at={confirmedAt} show="age" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
