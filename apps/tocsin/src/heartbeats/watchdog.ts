import type { Alert, Issue, Matcher } from "@tocsin/core";
import type { Expectation } from "./expectation-settings.ts";

/** The prefix of the fingerprints of heartbeats that are alerts. */
const prefix = "tocsin-watchdog-";

/** Whether an alert is a heartbeat, which is recorded and never sent. */
export const isWatchdog = (fingerprint: string): boolean => fingerprint.startsWith(prefix);

/** Whether an alert is the heartbeat of a source with these matchers. */
export const matchesAll = (matchers: readonly Matcher[], { labels }: Pick<Alert, "labels">): boolean =>
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

/** A critical as every rule may raise it. */
const ordinary = { labels: { alertname: "AnyOther", severity: "critical" } };

/** Warnings about heartbeats that an ordinary critical would be, and therefore would not be sent. For `config check`. */
export const watchdogWarnings = (expectations: readonly Pick<Expectation, "source" | "matchers">[]): Issue[] =>
  expectations
    .filter(({ matchers }) => matchers !== undefined && matchesAll(matchers, ordinary))
    .map(({ source }) => ({
      path: "sources",
      message: `\`expect.matchers\` of the source ${source} match ordinary criticals too, and an alert that matches is never sent: name the heartbeat, such as \`alertname="Watchdog"\``,
    }));
