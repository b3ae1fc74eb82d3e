import { useEffect, useRef, useState } from "preact/hooks";
import type { ProblemsBody, SummaryBody } from "../api/summary-body.ts";
import type { TargetsBody } from "../api/target-body.ts";
import { useData } from "../api/use-data.ts";
import { countOf, formatCount, formatRate } from "../format/format-count.ts";
import { formatDuration } from "../format/format-duration.ts";
import { ProblemList } from "../now/problem-list.tsx";
import { oldestCriticalSince } from "../now/oldest-critical-since.ts";
import { addSample, drainMs, ratesOf, type Sample } from "../now/rates.ts";
import { TargetTable } from "../now/target-table.tsx";
import { targetTotals } from "../now/target-totals.ts";
import { IncidentRows } from "../parts/incident-rows.tsx";
import { LiveCount } from "../parts/live-count.tsx";
import { Loading } from "../parts/loading.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { hrefOf } from "../routing/router.ts";

const everyMs = { summary: 3_000, rest: 10_000 };

/** The present state: what waits and why, problems, the most urgent incidents, and the targets. */
export function Now() {
  const summary = useData<SummaryBody>("incidents/summary", { everyMs: everyMs.summary });
  const health = useData<ProblemsBody>("health", { everyMs: everyMs.rest });
  const targets = useData<TargetsBody>("targets", { everyMs: everyMs.rest });
  return (
    <>
      <PageTitle title="Now" />
      <Loading from={summary}>{(data) => <Totals summary={data} />}</Loading>
      <section aria-labelledby="problems">
        <h2 id="problems">Problems</h2>
        <Loading from={health}>{({ problems }) => <ProblemList problems={problems} />}</Loading>
      </section>
      {summary.data && (
        <>
          <section aria-labelledby="urgent">
            <h2 id="urgent">Most urgent</h2>
            {summary.data.oldestDue.length === 0 ? (
              <p class="good-text">Nothing waits to be sent.</p>
            ) : (
              <IncidentRows
                caption="The ten most urgent incidents that wait"
                incidents={summary.data.oldestDue}
                age="due"
              />
            )}
          </section>
          <section aria-labelledby="targets">
            <h2 id="targets">Targets</h2>
            <TargetTable summary={summary.data} targets={targets.data?.targets} />
          </section>
        </>
      )}
    </>
  );
}

function Totals({ summary }: { readonly summary: SummaryBody }) {
  const samples = useRef<readonly Sample[]>([]);
  const [rates, setRates] = useState(ratesOf([]));
  useEffect(() => {
    samples.current = addSample(samples.current, { atMs: Date.parse(summary.at), rates: summary.rates });
    setRates(ratesOf(samples.current));
  }, [summary]);
  const totals = targetTotals(summary);
  const sum = (of: "due" | "inFlight" | "open") => totals.reduce((all, one) => all + one[of], 0);
  const [due, inFlight, open] = [sum("due"), sum("inFlight"), sum("open")];
  const letters = summary.deadLetters.reduce((all, { count }) => all + count, 0);
  const oldest = oldestCriticalSince(summary);
  const drain = drainMs(due, rates);
  return (
    <>
      <LiveCount hidden>{`${countOf(due, "incident")} due, ${countOf(letters, "dead letter")}.`}</LiveCount>
      <dl class="totals">
        <Total name="due" value={due} href={hrefOf("incidents", { state: "due" })} bad={due > 0} />
        <Total name="in flight" value={inFlight} href={hrefOf("incidents", { state: "in_flight" })} />
        <Total name="open at targets" value={open} href={hrefOf("incidents", { state: "told" })} />
        <Total name="dead letters" value={letters} href={hrefOf("deadletters")} bad={letters > 0} />
        <Total name="alerts firing" value={summary.alerts.firing} href={hrefOf("alerts")} />
      </dl>
      <p class="rates">
        {oldest && (
          <span class="bad-text">
            Oldest critical due: <TimeMark at={oldest} />
          </span>
        )}
        <span>Received {rates ? `${formatRate(rates.received)}/s` : "…"}</span>
        <span>Sent {rates ? `${formatRate(rates.sent)}/s` : "…"}</span>
        {due > 0 && (
          <span>
            {rates === undefined
              ? "Time to drain …"
              : drain === undefined
                ? "Nothing is sent at present"
                : `All sent in ${formatDuration(drain)}`}
          </span>
        )}
      </p>
    </>
  );
}

interface TotalProps {
  readonly name: string;
  readonly value: number;
  readonly href: string;
  readonly bad?: boolean;
}

function Total({ name, value, href, bad = false }: TotalProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <a class={bad ? "bad-text" : undefined} href={href}>
          {formatCount(value)}
        </a>
      </dd>
    </div>
  );
}
