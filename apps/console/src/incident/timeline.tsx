import type { ComponentChildren } from "preact";
import type { TimelineEntry } from "../api/incident-body.ts";
import { formatDuration } from "../format/format-duration.ts";
import { wordsOf } from "../format/words-of.ts";
import { OutsideLink } from "../parts/outside-link.tsx";
import { SeverityMark } from "../parts/severity-mark.tsx";
import { Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";

/** What happened to an incident, the oldest first, each with local time and UTC. */
export function Timeline({ entries }: { readonly entries: readonly TimelineEntry[] }) {
  return (
    <ol class="timeline">
      {entries.map((entry) => (
        <li class={entry.what === "attempt" ? (entry.outcome === "accepted" ? "good" : "bad") : undefined}>
          <TimeMark at={entry.at} show="utc" />
          <div>{textOf(entry)}</div>
        </li>
      ))}
    </ol>
  );
}

function textOf(entry: TimelineEntry): ComponentChildren {
  const { what, durationMs, reason, answer, links = [] } = entry;
  switch (what) {
    case "received":
      return (
        <>
          <b>Received</b>
          {entry.sources !== undefined && entry.sources.length > 0 && (
            <>
              {" "}
              from <Text value={entry.sources.join(", ")} most={200} />
            </>
          )}
          {entry.startsAt !== undefined && (
            <>
              ; firing since <TimeMark at={entry.startsAt} />
            </>
          )}
        </>
      );
    case "routed":
      return (
        <>
          <b>Routed</b> to <Text value={entry.target} most={80} />
          {entry.severity && (
            <>
              {" "}
              as <SeverityMark severity={entry.severity} />
            </>
          )}
        </>
      );
    case "waited":
      return (
        <>
          <b>{entry.until === undefined ? "Waits" : "Waited"}</b>
          {durationMs !== undefined && ` ${formatDuration(durationMs)}`}: {wordsOf(reason ?? "")}
        </>
      );
    case "attempt":
      return (
        <>
          <b>{wordsOf(entry.action ?? "event")}</b>: {wordsOf(entry.outcome ?? "")}
          {entry.shadow && " (shadow: nothing was sent)"}
          {entry.status !== undefined && `, status ${entry.status}`}
          {durationMs !== undefined && `, ${formatDuration(durationMs)}`}
          {answer && (
            <div class="answer">
              <Text value={answer} most={300} />
            </div>
          )}
        </>
      );
    case "acknowledged":
    case "resolved":
      return (
        <>
          <b>{what === "resolved" ? "Resolved" : "Acknowledged"}</b> by <Text value={entry.by} most={80} />
        </>
      );
    case "receiver":
      return (
        <>
          <b>The receiver</b> reports: {wordsOf(String(entry.status ?? ""))}
          {entry.incident !== undefined && (
            <>
              {" "}
              (<Text value={entry.incident} most={80} />)
            </>
          )}
        </>
      );
    case "change":
      return (
        <>
          <b>Change</b>: <Text value={entry.summary} />
          {links.map(({ href, text }) => (
            <div>
              <OutsideLink href={href} text={text} />
            </div>
          ))}
        </>
      );
    case "ended":
      return (
        <>
          <b>Ended</b>: the sources report no firing alert any more
        </>
      );
    default:
      return (
        <>
          <b>
            <Text value={wordsOf(entry.text ?? what)} />
          </b>
          {entry.detail !== undefined && (
            <>
              : <Text value={entry.detail} />
            </>
          )}
        </>
      );
  }
}
