import { type Alert, alertName } from "../alerts/alert.ts";
import { isBlank } from "../schema/is-blank.ts";

/** PagerDuty's limit for its title; others take at least as much. */
export const maxSummaryCodePoints = 1_024;

/**
 * One line that says what is wrong: annotation `summary`, else `description`, else `[alertname] on <instance|namespace>`.
 * At most 1,024 code points, the last one "…" where something was cut; no lone surrogates.
 */
export function summaryOf(alert: Alert): string {
  const said = [alert.annotations["summary"], alert.annotations["description"]].find((text) => text && !isBlank(text));
  return cutCodePoints(said?.trim() ?? fallback(alert), maxSummaryCodePoints);
}

function fallback(alert: Alert): string {
  const place = alert.labels["instance"] || alert.labels["namespace"];
  return place ? `[${alertName(alert)}] on ${place}` : `[${alertName(alert)}]`;
}

/** The first `most` code points of a text, well-formed. */
export function cutCodePoints(text: string, most: number): string {
  if (text.length <= most) return text.toWellFormed();
  // Two UTF-16 units per code point at most, so nothing beyond them can be kept.
  const points = Array.from(text.slice(0, 2 * most + 2));
  return (points.length <= most ? text : `${points.slice(0, most - 1).join("")}…`).toWellFormed();
}
