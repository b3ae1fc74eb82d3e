import { useEffect, useState } from "preact/hooks";
import type { ReplayReport } from "../api/dead-letter-body.ts";
import type { Failure } from "../api/failure.ts";
import { request } from "../api/request.ts";
import { whyReadOnly } from "../api/session.ts";
import { countOf, formatCount } from "../format/format-count.ts";
import { wordsOf } from "../format/words-of.ts";
import { ActionButton } from "../parts/action-button.tsx";
import { FailureNotice } from "../parts/failure-notice.tsx";

interface ReplayAllProps {
  readonly filters: Readonly<Record<string, string | undefined>>;
  /** Changes whenever the list was read again, so that the count follows it. */
  readonly version: unknown;
  readonly replayed: () => void;
}

/** Replays all dead letters that match the filters. The count on the button comes from a dry run. */
export function ReplayAll({ filters, version, replayed }: ReplayAllProps) {
  const [dry, setDry] = useState<ReplayReport>();
  const [report, setReport] = useState<ReplayReport>();
  const [failure, setFailure] = useState<Failure>();
  const canReplay = whyReadOnly.value === undefined;
  const body = JSON.stringify(filters);
  useEffect(() => {
    if (!canReplay) return;
    const aborter = new AbortController();
    const tryOut = async (): Promise<void> => {
      const dryRun = { ...(JSON.parse(body) as object), dryRun: true };
      const answer = await request<ReplayReport>("deadletters/replay", {
        method: "POST",
        body: dryRun,
        signal: aborter.signal,
      });
      if (aborter.signal.aborted) return;
      setDry(answer.ok ? answer.body : undefined);
      setFailure(answer.ok ? undefined : answer.failure);
    };
    void tryOut();
    return () => aborter.abort();
  }, [body, version, canReplay]);
  const replay = async (): Promise<void> => {
    let sum: ReplayReport | undefined;
    let cursor: string | undefined;
    setFailure(undefined);
    do {
      const sent = { ...(JSON.parse(body) as object), cursor };
      const answer = await request<ReplayReport>("deadletters/replay", { method: "POST", body: sent });
      if (!answer.ok) setFailure(answer.failure);
      const found: ReplayReport | undefined = answer.ok ? answer.body : undefined;
      if (found) sum = sum ? sumOf(sum, found) : found;
      cursor = found?.nextCursor;
    } while (cursor !== undefined);
    setReport(sum);
    replayed();
  };
  const count = dry?.replayable;
  const shownCount = count === undefined ? "" : `${formatCount(count)}${dry?.nextCursor ? "+" : ""} `;
  return (
    <>
      <ActionButton
        label={`Replay all ${shownCount}that match`}
        confirm={`Send ${count === undefined ? "them" : countOf(count, "event")} again, where still wanted?`}
        unavailable={count === 0 ? "Nothing that matches can be replayed." : undefined}
        act={replay}
      />
      <FailureNotice failure={failure} />
      <div role="status">{report && <Result report={report} />}</div>
    </>
  );
}

const sumOf = (one: ReplayReport, other: ReplayReport): ReplayReport => ({
  matching: one.matching + other.matching,
  replayable: one.replayable + other.replayable,
  replayed: one.replayed + other.replayed,
  refused: [...one.refused, ...other.refused],
});

function Result({ report: { matching, replayed, refused } }: { readonly report: ReplayReport }) {
  // Only the first of the refused ones are listed.
  const reasons = [...new Set(refused.map(({ reason }) => wordsOf(reason)))];
  const others = matching - replayed;
  return (
    <p class={others > 0 ? "notice" : "notice good"}>
      {countOf(replayed, "dead letter")} replayed.
      {others > 0 && ` ${countOf(others, "other")} not sent again: ${reasons.join(", ")}.`}
    </p>
  );
}
