import { type Alert, alertName } from "../alerts/alert.ts";
import { isBlank } from "../schema/is-blank.ts";

/** PagerDuty's limit for an incident's title. Other receivers accept at least as much. */
export const maxSummaryCodePoints = 1_024;

/**
 * One line about the problem: annotation `summary`, else `description`, else `[alertname] on <instance|namespace>`.
 * At most 1,024 code points, without lone surrogates. If the text was cut, it ends with "…".
 */
export function summaryOf(alert: Alert): string {
  const said = [alert.annotations["summary"], alert.annotations["description"]].find((text) => text && !isBlank(text));
  return cutCodePoints(said?.trim() ?? fallback(alert), maxSummaryCodePoints);
}

function fallback(alert: Alert): string {
  const place = alert.labels["instance"] || alert.labels["namespace"];
  return place ? `[${alertName(alert)}] on ${place}` : `[${alertName(alert)}]`;
}

/** The first `max` code points of a text, well-formed. */
export function cutCodePoints(text: string, max: number): string {
  if (text.length <= max) return text.toWellFormed();
  // A code point has at most two UTF-16 units, so the rest of the text cannot be part of the result.
  const points = Array.from(text.slice(0, 2 * max + 2));
  return (points.length <= max ? text : `${points.slice(0, max - 1).join("")}…`).toWellFormed();
}
