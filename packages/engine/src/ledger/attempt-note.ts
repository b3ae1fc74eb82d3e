import type { Flight, HistoryEntry, Outcome } from "@tocsin/core/decisions";

/**
 * The text of an attempt's history line. Status and duration follow the words, so that a line has no further columns:
 * `trigger server @503,1204`. Lines of earlier versions have neither. A shadow's event carries the word, because it was not sent.
 */
export function attemptNote(flight: Flight, outcome: Outcome, durationMs: number | undefined): string {
  const what =
    outcome.kind === "accepted"
      ? `${flight.shadow ? "shadow " : ""}${flight.action}`
      : `${flight.action} ${"reason" in outcome ? outcome.reason : outcome.kind}`;
  if (durationMs === undefined) return what;
  const status = "status" in outcome ? (outcome.status ?? "") : "";
  return `${what} @${status},${Math.round(durationMs)}`;
}

const measured = /^(.*) @(\d*),(\d+)$/s;

/** Reads the status and the duration of an attempt from its history line. */
export function readAttemptNote(entry: HistoryEntry): HistoryEntry {
  const found = measured.exec(entry.what);
  if (!found) return entry;
  const [, what = "", status, durationMs] = found;
  return { ...entry, what, ...(status !== "" && { status: Number(status) }), durationMs: Number(durationMs) };
}
