import type { ChangedIncidents } from "@tocsin/core/decisions";

/** https://www.postgresql.org/docs/current/sql-notify.html: "must be shorter than 8000 bytes" */
const maxBytes = 7_999;

/** As a notice carries it: numbers with commas, or nothing where they are too many. */
export function encodeChangedIds(incidents: readonly number[]): string {
  const text = incidents.join();
  return text.length > maxBytes ? "" : text;
}

export const decodeChangedIds = (text: string): ChangedIncidents =>
  text === "" ? "unknown" : text.split(",").map(Number);
