import { lastReportedAtMs, type ReadAlert, type Finding } from "../alerts/reading.ts";

/** An alert ends after this much counted time in which no instance showed it. Only polls that `whyNotCounted` allows count. */
export const absentUntilEndMs = 20 * 60_000;

/** The state in which an instance of Alertmanager shows an alert. */
export type AlertStateThere = "active" | "suppressed" | "unprocessed";

/** The combined result of all instances in one poll. */
export interface Poll {
  /** By fingerprint. */
  readonly shown: ReadonlyMap<string, AlertStateThere>;
  /** Ms since the previous poll that count as absence (`whyNotCounted`, `absenceTimeBetween`). */
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
