import type { AlertView } from "@tocsin/core";
import { isoTime } from "../iso-time.ts";

/** Alertmanager's default `resolve_timeout`: it is the end of an alert without a known end, from now on. */
const resolveTimeoutMs = 300_000;

/** The last year that RFC 3339 can express. */
const lastMs = Date.parse("9999-12-31T23:59:59.999Z");

/**
 * An alert that fires, as `gettableAlert` of Alertmanager's API. Clients compare `endsAt` with the present, so it is always later.
 * The ids of silences and inhibiting alerts are those of the source, and unknown here. Readers of Alertmanager 0.28 and newer need
 * `mutedBy`, the names of its time intervals.
 */
export const gettableAlert = (view: AlertView, receivers: readonly string[], nowMs: number) => ({
  annotations: view.alert.annotations,
  endsAt: isoTime(Math.min(endOf(view, nowMs), lastMs)),
  fingerprint: view.alert.fingerprint,
  receivers: receivers.map((name) => ({ name })),
  startsAt: isoTime(view.alert.startsAtMs),
  status: { inhibitedBy: [], mutedBy: [], silencedBy: [], state: view.silenced ? "suppressed" : "active" },
  updatedAt: isoTime(view.confirmedAtMs),
  ...(view.alert.generatorURL && { generatorURL: view.alert.generatorURL }),
  labels: view.alert.labels,
});

/** When the last claim ends unless its sender repeats it. */
function endOf({ claims }: AlertView, nowMs: number): number {
  const ends = claims.map(({ status, expiresAtMs = 0 }) => (status === "firing" ? expiresAtMs : 0));
  const endMs = Math.max(0, ...ends);
  return endMs > nowMs ? endMs : nowMs + resolveTimeoutMs;
}
