import type { ChangedIncidents } from "@tocsin/core/decisions";

/** https://www.postgresql.org/docs/current/sql-notify.html: "must be shorter than 8000 bytes" */
const mostBytes = 7_999;

/** As a notice carries it: numbers with commas, or nothing where they are too many. */
export function changedText(incidents: readonly number[]): string {
  const text = incidents.join();
  return text.length > mostBytes ? "" : text;
}

export const changedIn = (text: string): ChangedIncidents => (text === "" ? "unknown" : text.split(",").map(Number));
