import { useCallback, useEffect, useState } from "preact/hooks";
import { countOf, formatCount } from "../format/format-count.ts";
import { BulkBar, mostSelected } from "../incidents/bulk-bar.tsx";
import { FilterForm } from "../incidents/filter-form.tsx";
import { type Filters, readIncidentQuery } from "../incidents/incident-query.ts";
import { useLivePage } from "../incidents/use-live-page.ts";
import { pendingRows } from "../live/merge-rows.ts";
import { FailureNotice } from "../parts/failure-notice.tsx";
import { IncidentRows } from "../parts/incident-rows.tsx";
import { LiveCount } from "../parts/live-count.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { Pager } from "../parts/pager.tsx";
import { Text } from "../parts/text.tsx";
import { hrefOf, navigate, place } from "../routing/router.ts";
import { withQuery } from "../routing/with-query.ts";

const pageSize = "50";

/** The list of incidents with search, filters and pages. It follows the changes without moving. */
export function Incidents() {
  const { filters, fingerprint, cursor } = readIncidentQuery(place.value.query);
  const { shown, failure, loading, refresh } = useLivePage(
    withQuery("incidents", { ...filters, fingerprint, cursor, limit: pageSize }),
  );
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const clear = useCallback(() => setSelected(new Set()), []);
  const toggle = useCallback((id: number) => {
    setSelected((before) => {
      const next = new Set(before);
      if (!next.delete(id) && next.size < mostSelected) next.add(id);
      return next;
    });
  }, []);
  const search = place.value.query.toString();
  useEffect(clear, [search, clear]);
  const apply = (next: Filters): void => navigate(hrefOf("incidents", { ...next, fingerprint }));

  const live = shown?.live;
  const pending = live ? pendingRows(live) : 0;
  const isFiltered = Object.keys(filters).length > 0 || fingerprint !== undefined;
  return (
    <>
      <PageTitle title="Incidents" />
      <FilterForm filters={filters} apply={apply} />
      {fingerprint !== undefined && (
        <p>
          Of the alert <Text value={fingerprint} most={80} />.{" "}
          <a href={hrefOf("incidents", filters)}>Show all alerts</a>
        </p>
      )}
      <FailureNotice failure={failure} retry={() => void refresh()} />
      <div class="list-state">
        <LiveCount>
          {live ? countOf(live.rows.length, "incident") + (shown.page.nextCursor ? " on this page" : "") : ""}
        </LiveCount>
        {pending > 0 && (
          <button type="button" class="strong" data-refresh onClick={() => void refresh()}>
            {formatCount(pending)} changed: refresh
          </button>
        )}
        {loading && <span class="muted loading">Loading…</span>}
      </div>
      {shown?.page.searched?.stopped === true && (
        <p class="notice">
          The search stopped after {countOf(shown.page.searched.looked, "incident")}. "Older" continues it; more filters
          make it shorter.
        </p>
      )}
      {live?.rows.length === 0 && (
        <p class="empty">
          {shown?.page.nextCursor !== undefined
            ? "No incident on this page matches. Older ones may."
            : isFiltered
              ? "No incident matches these filters."
              : "No incident yet. An incident opens when an alert arrives that a target receives."}
        </p>
      )}
      {live !== undefined && live.rows.length > 0 && (
        <IncidentRows
          caption={isFiltered ? "Incidents that match the filters" : "All incidents"}
          incidents={live.rows}
          left={live.left}
          selection={{ ids: selected, isFull: selected.size >= mostSelected, toggle }}
        />
      )}
      <Pager nextCursor={shown?.page.nextCursor} />
      <BulkBar ids={selected} clear={clear} />
    </>
  );
}
