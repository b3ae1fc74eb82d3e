import type { Alert, Matcher } from "@tocsin/core";

/** The prefix of the fingerprints of heartbeats that are alerts. */
const prefix = "tocsin-watchdog-";

/** Whether an alert is a heartbeat, which is recorded and never sent. */
export const isWatchdog = (fingerprint: string): boolean => fingerprint.startsWith(prefix);

/** Whether an alert is the heartbeat of a source with these matchers. */
export const matchesAll = (matchers: readonly Matcher[], { labels }: Alert): boolean =>
  matchers.every(({ label, matches }) => matches(labels[label] ?? ""));

/**
 * Returns a heartbeat as it is recorded. Its fingerprint says that it is one, so no later routing sends it, and another source that
 * sends an alert with the same labels as an ordinary one is not affected. `sourceId`: identity of the source.
 */
export const asWatchdog = (alert: Alert, sourceId: string): Alert => ({
  ...alert,
  fingerprint: watchdogFingerprint(alert.fingerprint, sourceId),
});

/** The fingerprint under which the heartbeat of a source is recorded. */
export const watchdogFingerprint = (fingerprint: string, sourceId: string): string =>
  `${prefix}${sourceId}-${fingerprint}`;
