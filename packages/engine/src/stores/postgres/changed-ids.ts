import type { ChangedIncidents } from "@tocsin/core/decisions";

/** https://www.postgresql.org/docs/current/sql-notify.html: "must be shorter than 8000 bytes" */
const maxBytes = 7_999;

/** The payload of a notification: numbers separated by commas, or an empty text if they are too many. */
export function encodeChangedIds(incidents: readonly number[]): string {
  const text = incidents.join();
  return text.length > maxBytes ? "" : text;
}

export const decodeChangedIds = (text: string): ChangedIncidents =>
  text === "" ? "unknown" : text.split(",").map(Number);
