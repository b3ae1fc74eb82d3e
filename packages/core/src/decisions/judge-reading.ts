import { lastReportedAtMs, type ReadAlert, type Finding } from "../alerts/reading.ts";

/** An alert ends after this much counted time in which no instance showed it. Only polls that `whyNotCounted` allows count. */
export const absentUntilEndMs = 20 * 60_000;

/** The state in which an instance of Alertmanager shows an alert. */
export type AlertStateThere = "active" | "suppressed" | "unprocessed";

/** The combined result of all instances in one poll. */
export interface Poll {
  /** By fingerprint. */
  readonly shown: ReadonlyMap<string, AlertStateThere>;
  /** Ms since the previous poll that count as absence (`whyNotCounted`, `countedBetween`). */
  readonly countedMs: number;
}

/** How long an alert has been absent, since the last information about it. */
export interface Absence {
  readonly lastReportedAtMs: number;
  readonly forMs: number;
}

export interface JudgeTerms {
  /** Identity of the API that is polled. */
  readonly api: string;
  /** Ledger time. */
  readonly nowMs: number;
  /** An unchanged state is recorded again this long after it was last recorded. */
  readonly confirmEveryMs: number;
}

export interface Judged {
  /** Results that must be recorded. Most polls change nothing about most alerts. */
  readonly findings: readonly Finding[];
  readonly absences: ReadonlyMap<string, Absence>;
}

/**
 * Decides how a poll affects the alerts that the source has sent.
 *
 * ```
 *   active         confirms; cancels a doubtful end; re-opens an alert that a reading ended
 *   suppressed     is shown as silenced; confirms and re-opens nothing
 *   unprocessed    is present, without further effect
 *   absent         ends after 20 minutes of counted time, if this API has shown it before
 * ```
 *
 * The count starts at the first poll that does not show the alert. It starts over with any new information about it, from the
 * webhook or from another replica that reads the same API.
 */
export function judgeReading(
  poll: Poll,
  alerts: readonly ReadAlert[],
  before: ReadonlyMap<string, Absence>,
  terms: JudgeTerms,
): Judged {
  const findings: Finding[] = [];
  const absences = new Map<string, Absence>();
  for (const alert of alerts) {
    const { fingerprint, claim, shown } = alert;
    const there = poll.shown.get(fingerprint);
    if (there === "active" || there === "suppressed") {
      if (mustRecord(alert, there, terms)) findings.push({ says: there, fingerprint });
    } else if (there === undefined && claim.status === "firing" && shown?.api === terms.api) {
      const absence = absenceAfter(before.get(fingerprint), lastReportedAtMs(alert), poll.countedMs);
      absences.set(fingerprint, absence);
      if (absence.forMs >= absentUntilEndMs)
        findings.push({ says: "gone", fingerprint, lastReportedAtMs: absence.lastReportedAtMs });
    }
  }
  return { findings, absences };
}

function mustRecord({ claim, shown }: ReadAlert, there: "active" | "suppressed", terms: JudgeTerms): boolean {
  const { api, nowMs, confirmEveryMs } = terms;
  const active = there === "active";
  if (claim.status === "resolved") return active && claim.ended === "read";
  if (active && claim.doubtfulEndAtMs !== undefined) return true;
  return shown?.api !== api || (shown.suppressed === true) === active || nowMs - shown.atMs >= confirmEveryMs;
}

const absenceAfter = (before: Absence | undefined, reportedAtMs: number, countedMs: number): Absence => ({
  lastReportedAtMs: reportedAtMs,
  forMs: before?.lastReportedAtMs === reportedAtMs ? before.forMs + countedMs : 0,
});

/** Information that an instance reports about itself in one poll. */
export interface InstanceStatus {
  /** Its name in the cluster; null: it runs without a cluster. */
  readonly name: string | null;
  /** Names of all members that it sees, including itself. */
  readonly peers: readonly string[];
  readonly upForMs: number;
  readonly resolveTimeoutMs: number;
}

/**
 * Why a poll proves nothing about alerts that it does not show; null: it counts. Alertmanagers do not exchange alerts, and a
 * restarted one knows none until their senders repeat them. So only all of them together, each up for long enough, know which
 * alerts fire.
 *
 * `statuses`: one per configured URL; undefined: it did not answer.
 */
export function whyNotCounted(statuses: readonly (InstanceStatus | undefined)[]): string | null {
  const known: InstanceStatus[] = [];
  for (const [index, status] of statuses.entries()) {
    if (status === undefined) return `urls[${index}] did not answer`;
    if (status.upForMs <= status.resolveTimeoutMs)
      return `urls[${index}] has not been up for longer than its resolve_timeout`;
    known.push(status);
  }
  const names = new Set(known.map(({ name }) => name));
  if (names.size === 1 && names.has(null)) return null;
  const unequal = known.findIndex(
    ({ name, peers }) => name === null || peers.length !== names.size || !peers.every((peer) => names.has(peer)),
  );
  return unequal === -1 ? null : `the peers that urls[${unequal}] sees are not the listed instances`;
}

/**
 * Time between two polls that counts as absence: at most two poll intervals, since the process may have been paused in between.
 */
export const countedBetween = (
  before: { readonly counts: boolean; readonly atMs: number } | undefined,
  now: { readonly counts: boolean; readonly atMs: number },
  everyMs: number,
): number => (before?.counts && now.counts ? Math.min(now.atMs - before.atMs, 2 * everyMs) : 0);
