import { useEffect, useState } from "preact/hooks";
import { formatDuration } from "./format/format-duration.ts";
import { startStream, streamState } from "./live/listen-to-incidents.ts";

/** A cut shorter than this is not shown: a reload of the configuration ends all streams for a moment. */
const graceMs = 1_500;

/** Says that the page is not current while the stream is cut. */
export function StreamBanner() {
  const { is } = streamState.value;
  const [cutAtMs, setCutAtMs] = useState<number>();
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    if (is === "open" || is === "refused") return setCutAtMs(undefined);
    setCutAtMs((before) => before ?? Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [is]);
  if (cutAtMs === undefined || nowMs - cutAtMs < graceMs) return null;
  const state = streamState.value;
  return (
    <div class="banner" role="status">
      <span>
        Not live: no connection to Tocsin since <span aria-hidden="true">{formatDuration(nowMs - cutAtMs)}</span>. The
        lists may be old.
      </span>{" "}
      <span aria-hidden="true">
        {state.is === "cut" ? `Next try in ${formatDuration(Math.max(0, state.retryAtMs - nowMs))}.` : "Connecting…"}
      </span>{" "}
      <button type="button" onClick={startStream}>
        Try now
      </button>
    </div>
  );
}
