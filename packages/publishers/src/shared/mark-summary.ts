import { cutCodePoints, maxSummaryCodePoints, type Notification } from "@tocsin/core";

/**
 * Adds to a summary that the severity of the event comes from a classification: ` · AI: error (87 %)`. The summary is cut if both do
 * not fit in 1,024 code points. Resolves, and events whose severity comes from a label, are not marked.
 */
export function markSummary(summary: string, telling: Pick<Notification, "action" | "classification">): string {
  const mark = severityMarkOf(telling);
  return mark === "" ? summary : cutCodePoints(summary, maxSummaryCodePoints - mark.length) + mark;
}

/** The mark alone. Its characters are one code point and one UTF-16 unit each. Empty: there is nothing to mark. */
export function severityMarkOf({ action, classification }: Pick<Notification, "action" | "classification">): string {
  if (action === "resolve" || classification?.applied !== true) return "";
  const { provider, severity, confidence } = classification;
  return ` · ${provider === "rules" ? "Rules" : "AI"}: ${severity} (${percentOf(confidence)})`;
}

/** @param confidence 0 to 1 */
export const percentOf = (confidence: number): string => `${Math.round(confidence * 100)} %`;
