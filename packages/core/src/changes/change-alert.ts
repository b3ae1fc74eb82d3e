import type { Alert } from "../alerts/alert.ts";
import { changeFingerprint, ownKey } from "../decisions/dedup-key.ts";
import { isBlank } from "../schema/is-blank.ts";
import { summaryOf } from "../decisions/summary.ts";
import { type Change, type ChangeLink, labelsOfChange } from "./change.ts";

/**
 * The alert that carries a change through filters, ledger and explanations. It has the label `change_event="true"`, so that
 * replicas of versions that know no changes send it as they send an alert with that label.
 */
export const alertOfChange = (change: Change): Alert => ({
  fingerprint: changeFingerprint(change),
  labels: { ...labelsOfChange(change), change_event: "true" },
  annotations: { summary: change.summary },
  startsAtMs: change.timestampMs,
  change,
});

/** Labels that say where an alert comes from, the most exact first. */
const places = ["instance", "node", "host", "pod", "service", "job"];

/**
 * The change that an alert with the label `change_event="true"` reports. Its id holds the alert's start, so that each episode is
 * one change.
 *
 * @param origin the name of the alert's source
 */
export function changeOfAlert(alert: Alert, origin: string): Change {
  const { change_event: _, ...labels } = alert.labels;
  const { environment } = labels;
  const place = places.find((name) => !isBlank(labels[name] ?? ""));
  const { summary: _summary, ...annotations } = alert.annotations;
  return {
    id: `${ownKey(alert)}@${alert.startsAtMs}`,
    origin,
    summary: summaryOf(alert),
    source: (place && labels[place]) ?? origin,
    timestampMs: alert.startsAtMs,
    ...(environment && { environment }),
    labels,
    ...(Object.keys(annotations).length > 0 && { customDetails: annotations }),
    links: linksOf(alert),
  };
}

const linksOf = ({ generatorURL, dashboardURL, panelURL }: Alert): ChangeLink[] =>
  [
    { text: "Source", href: generatorURL },
    { text: "Dashboard", href: dashboardURL },
    { text: "Panel", href: panelURL },
  ].flatMap(({ text, href }) => (href && /^https?:/i.test(href) ? [{ href, text }] : []));
