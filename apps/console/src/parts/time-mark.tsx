import { formatAge } from "../format/format-duration.ts";
import { formatTime, formatUtcTime } from "../format/format-time.ts";
import { nowMs } from "./clock.ts";

interface TimeMarkProps {
  readonly at: string | null | undefined;
  /** `age`: how long ago. `both`: local time with the age. `utc`: local time, and UTC beside it. @default "both" */
  readonly show?: "time" | "age" | "both" | "utc";
}

/** An instant in local time; its title is UTC. */
export function TimeMark({ at, show = "both" }: TimeMarkProps) {
  if (at == null) return <span class="muted">never</span>;
  const date = new Date(at);
  const utc = formatUtcTime(date);
  const time = formatTime(date, new Date(nowMs.value));
  const ageMs = nowMs.value - date.getTime();
  // A clock that differs by seconds must not show a past instant as future.
  const age = ageMs < -5_000 ? `in ${formatAge(-ageMs)}` : `${formatAge(ageMs)} ago`;
  return (
    <time dateTime={at} title={utc}>
      {show === "age" ? age : time}
      {show === "both" && <span class="muted"> ({age})</span>}
      {show === "utc" && <span class="muted utc">{utc}</span>}
    </time>
  );
}
