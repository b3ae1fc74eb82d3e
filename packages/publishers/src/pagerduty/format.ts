import {
  alertName,
  type Alert,
  type Change,
  type Endpoint,
  isBlank,
  isoTime,
  type Labels,
  TemplateContext,
  type Notification,
} from "@tocsin/core";
import type { AlertEvent, ChangeEvent, ChangePayload, Image, Payload, TriggerEvent } from "@tocsin/pagerduty";
import { relatedChangesIn } from "../shared/changes.ts";
import { aiClassificationOf } from "../shared/ai-classification.ts";
import { linksOf } from "../shared/links.ts";
import { markSummary } from "../shared/mark-summary.ts";

/** An event without its credential. The request adds it just before the send; `render` leaves it out. */
export type KeylessEvent = Keyless<AlertEvent> | Keyless<ChangeEvent>;
type Keyless<Event> = Event extends unknown ? Omit<Event, "routing_key"> : never;

/** The parts of the target and the program that the format needs besides the alert. */
export type Wording = Pick<Endpoint, "metadata" | "template">;

const client = "Tocsin";

/** Formats an event for PagerDuty. Acknowledge and resolve have only their three fields. */
export function formatEvent(telling: Notification, wording: Wording): KeylessEvent {
  const { action, dedupKey } = telling;
  switch (action) {
    case "trigger":
      return trigger(telling, wording);
    case "change":
      return changeEvent(telling, wording);
    case "acknowledge":
      return { event_action: "acknowledge", dedup_key: dedupKey };
    case "resolve":
    case "check":
      return { event_action: "resolve", dedup_key: dedupKey };
  }
}

function trigger(telling: Notification, wording: Wording): Keyless<TriggerEvent> {
  const images = imagesOf(telling.alert);
  const links = linksOf(telling, wording.metadata);
  return {
    event_action: "trigger",
    dedup_key: telling.dedupKey,
    payload: payloadOf(telling, wording),
    ...(links.length > 0 && { links }),
    ...(images.length > 0 && { images }),
    client,
    ...(telling.incidentUrl !== undefined && { client_url: telling.incidentUrl }),
  };
}

/** Change events have no component, group, class and severity. */
function changeEvent(telling: Notification, wording: Wording): Keyless<ChangeEvent> {
  const reported = telling.alert.change;
  const payload = reported ? changePayload(reported, wording.metadata) : payloadOf(telling, wording);
  const { summary, source, timestamp, custom_details } = payload;
  const links = linksOf(telling, wording.metadata);
  return { payload: { summary, source, timestamp, custom_details }, ...(links.length > 0 && { links }) };
}

/** The sender's details are sent unchanged. Ours stand beside them, under names that they do not use. */
function changePayload(change: Change, metadata: Wording["metadata"]): ChangePayload {
  const { summary, source, timestampMs, environment, labels, customDetails, state, id, origin } = change;
  const ours = {
    change_id: id,
    origin,
    ...(state !== undefined && { state }),
    ...(environment !== undefined && { environment }),
    labels,
    metadata,
  };
  const theirs = isObject(customDetails)
    ? customDetails
    : (customDetails ?? null) === null
      ? {}
      : { details: customDetails };
  return { summary, source, timestamp: isoTime(timestampMs), custom_details: { ...ours, ...theirs } };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function payloadOf(telling: Notification, { metadata, template }: Wording): Payload {
  const { alert, severity } = telling;
  const { labels } = alert;
  const startsAt = isoTime(alert.startsAtMs);
  const context = new TemplateContext(alert, severity, metadata);
  const field = (name: "source" | "component" | "group" | "class", ...from: string[]) =>
    template.fields[name]?.(context) ?? firstOf(labels, from);
  return {
    summary: markSummary(isBlank(telling.summary) ? `[${alertName(alert)}]` : telling.summary, telling),
    source: field("source", "instance", "node", "host", "pod", "service", "job") ?? senderOf(telling),
    severity,
    timestamp: startsAt,
    component: field("component", "service", "job", "app", "container"),
    group: field("group", "cluster", "namespace"),
    class: field("class", "alertname"),
    custom_details: { ...detailsOf(telling, startsAt, metadata), ...template.customDetails(context) },
  };
}

function detailsOf(
  telling: Notification,
  startsAt: string | undefined,
  metadata: Wording["metadata"],
): Record<string, unknown> {
  const { action, alert, firing, endsAtMs, classification } = telling;
  const related = relatedChangesIn(telling);
  return {
    alert_name: alertName(alert),
    fingerprint: alert.fingerprint,
    // A change has no status.
    ...(action !== "change" && { status: "firing" }),
    starts_at: startsAt,
    ...(endsAtMs !== undefined && { ends_at: isoTime(endsAtMs) }),
    // Several alerts share this incident; only the first is shown in full.
    ...(firing > 1 && { firing_alerts: firing }),
    labels: alert.labels,
    annotations: alert.annotations,
    metadata,
    ...(related.length > 0 && { related_changes: related }),
    ...(classification && { ai_classification: aiClassificationOf(classification) }),
  };
}

/** Returns the first of these labels that is not blank. */
function firstOf(labels: Labels, names: readonly string[]): string | undefined {
  const name = names.find((one) => Object.hasOwn(labels, one) && !isBlank(labels[one]!));
  return name && labels[name];
}

/** If the alert names no source, its sender is used. */
function senderOf({ sender, alert }: Notification): string {
  return [sender, URL.parse(alert.generatorURL ?? "")?.host].find((text) => text && !isBlank(text)) ?? "unknown";
}

/** `fitEvent` converts an image that is not https to a link. */
function imagesOf({ annotations, imageURL }: Alert): Image[] {
  const sources = [annotations["grafana_snapshot"], annotations["imageURL"] || imageURL];
  return [...new Set(sources)].flatMap((src) => (src ? [{ src, alt: "Snapshot" }] : []));
}
