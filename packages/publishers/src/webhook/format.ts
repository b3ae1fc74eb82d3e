import {
  type Alert,
  alertName,
  cutCodePoints,
  type Endpoint,
  type EventAction,
  isoTime,
  TemplateContext,
  type VerdictProvider,
  type Notification,
} from "@tocsin/core";
import { type AiClassification, aiClassificationOf } from "../shared/ai-classification.ts";
import { changeIn, type RelatedChange, relatedChangesIn } from "../shared/changes.ts";
import { type Link, webLinksOf } from "../shared/links.ts";
import { wellFormed } from "./well-formed.ts";

/** The body for a webhook. Fields are added, never renamed or removed: README.md documents them. */
export interface WebhookEvent {
  readonly type: (typeof types)[EventAction];
  /** The time of the first attempt of the event; the same in all its attempts. */
  readonly timestamp: string | undefined;
  readonly data: EventData;
}

export interface EventData {
  readonly action: EventAction;
  /** Also in the header `webhook-id`. */
  readonly eventId: string;
  readonly dedupKey: string;
  readonly target: string;
  /** State of the incident after this event. A change event has none. */
  readonly status?: "firing" | "acknowledged" | "resolved";
  /** A change has none. */
  readonly severity?: string;
  readonly summary: string;
  /** How many alerts of the incident fire. A change has none. */
  readonly firing?: number;
  /** Absent for a change that no alert reported. */
  readonly alert?: Readonly<Record<string, unknown>>;
  /** Only of a change. */
  readonly change?: Readonly<Record<string, unknown>>;
  /** Only of a trigger, if the target has `include_changes`. */
  readonly relatedChanges?: readonly RelatedChange[];
  /** Only of a trigger, if the alert is classified. */
  readonly classification?: WebhookClassification;
  /** The target's own texts (`template`), if it has some. */
  readonly source?: string;
  readonly component?: string;
  readonly group?: string;
  readonly class?: string;
  readonly customDetails?: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly links: readonly Link[];
  /** The parts that were dropped because the body was too large. */
  readonly droppedToFit?: readonly string[];
}

export interface WebhookClassification extends AiClassification {
  readonly category: string;
  readonly provider: VerdictProvider;
  /** The severity of the event comes from it. */
  readonly applied: boolean;
}

const types = {
  trigger: "alert.triggered",
  acknowledge: "alert.acknowledged",
  resolve: "alert.resolved",
  change: "change.recorded",
} as const;

const statuses = { trigger: "firing", acknowledge: "acknowledged", resolve: "resolved", change: undefined } as const;

/** Pure: it returns the same body for all attempts of an event whose content did not change. */
export function formatEvent(
  telling: Notification,
  endpoint: Pick<Endpoint, "name" | "metadata" | "template">,
): WebhookEvent {
  const { metadata, template } = endpoint;
  const { dedupKey, eventId, severity, summary, firing, alert, endsAtMs, classification } = telling;
  // The check of a key is the resolve of an incident that does not exist.
  const action = telling.action === "check" ? "resolve" : telling.action;
  const status = statuses[action];
  const context = new TemplateContext(alert, severity, metadata);
  const own = Object.entries(template.fields).flatMap(([field, render]) => {
    const text = routed.has(field) ? undefined : render(context);
    return text === undefined ? [] : [[field, text] as const];
  });
  const related = relatedChangesIn(telling);
  const customDetails = template.customDetails(context);
  return wellFormed({
    type: types[action],
    timestamp: isoTime(telling.eventAtMs),
    data: {
      action,
      eventId,
      dedupKey,
      target: endpoint.name,
      ...(status && { status }),
      ...(action !== "change" && { severity }),
      summary,
      ...(action !== "change" && { firing }),
      ...(!alert.change && { alert: alertOf(alert, endsAtMs) }),
      ...(action === "change" && { change: changeOf(telling) }),
      ...(related.length > 0 && { relatedChanges: related }),
      ...(action === "trigger" && classification && { classification: classificationOf(classification) }),
      ...Object.fromEntries(own),
      ...(Object.keys(customDetails).length > 0 && { customDetails }),
      metadata,
      links: webLinksOf(telling, metadata),
    },
  });
}

function classificationOf(given: NonNullable<Notification["classification"]>): WebhookClassification {
  const { category, provider, applied } = given;
  return { ...aiClassificationOf(given), category: cutCodePoints(category, mostCategory), provider, applied };
}

/** Code points. */
const mostCategory = 200;

/** Routing has already filled in the templates of these fields. */
const routed: ReadonlySet<string> = new Set(["summary", "severity", "dedup_key"]);

function changeOf(telling: Notification): Record<string, unknown> {
  // Summary and links stand beside it.
  const { timestampMs, summary: _summary, links: _links, ...rest } = changeIn(telling);
  return { ...rest, timestamp: isoTime(timestampMs) };
}

function alertOf(alert: Alert, endsAtMs: number | undefined): Record<string, unknown> {
  const { fingerprint, labels, annotations, generatorURL, valueString } = alert;
  return {
    name: alertName(alert),
    fingerprint,
    labels,
    annotations,
    startsAt: isoTime(alert.startsAtMs),
    ...(endsAtMs !== undefined && { endsAt: isoTime(endsAtMs) }),
    ...(generatorURL && { generatorURL }),
    ...(valueString && { valueString }),
  };
}
