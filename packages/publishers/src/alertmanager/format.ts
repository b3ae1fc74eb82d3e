import { type Alert, alertName, isoTime, type Notification } from "@tocsin/core";
import { aiClassificationOf } from "../shared/ai-classification.ts";
import { namesOf } from "./names.ts";

/** One alert as `POST /api/v2/alerts` takes it: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/** How long Alertmanager keeps an alert that is not repeated: several times `delivery.remind`, and a long outage of Tocsin. */
export const believedForMs = 24 * 3_600_000;

/**
 * An end is moved back this far, so that a receiver whose clock is behind sees it in the past. If the end were in its future, it would
 * keep the earlier end, 24 h ahead.
 */
const endedAgoMs = 60_000;

/** Formats an alert for Alertmanager. The label set is its identity, so no label is added. */
export function formatAlert({ action, alert, classification }: Notification, nowMs: number): PostedAlert {
  const generatorURL = generatorOf(alert);
  // Alertmanager has no acknowledgement: an acknowledged alert still fires.
  const fires = action === "trigger" || action === "acknowledge";
  return {
    labels: labelsOf(alert),
    annotations: namesOf({
      ...alert.annotations,
      ...(fires && classification && aiAnnotations(classification)),
    }),
    ...(fires ? firing(alert, nowMs) : ended(alert, nowMs)),
    ...(generatorURL !== undefined && { generatorURL }),
  };
}

/** They replace annotations of the same name: those could only pretend to be a classification. */
function aiAnnotations(given: NonNullable<Notification["classification"]>): Record<string, string> {
  const { severity, confidence, reasoning, recommendations, model, fallback } = aiClassificationOf(given);
  return {
    ai_severity: severity,
    ai_confidence: String(confidence),
    ai_reasoning: reasoning,
    ai_recommendations: recommendations.join("\n"),
    ai_model: model,
    ...(fallback && { ai_fallback: "true" }),
  };
}

type Times = Pick<PostedAlert, "startsAt" | "endsAt">;

const firing = (alert: Alert, nowMs: number): Times => ({
  startsAt: iso(startOf(alert, nowMs) ?? nowMs),
  endsAt: iso(nowMs + believedForMs),
});

/** Alertmanager refuses an end before the start. */
function ended(alert: Alert, nowMs: number): Times {
  const longAgoMs = nowMs - endedAgoMs;
  const startsAtMs = startOf(alert, nowMs) ?? longAgoMs;
  return { startsAt: iso(startsAtMs), endsAt: iso(Math.max(startsAtMs, longAgoMs)) };
}

/** A start in the future comes from a clock that is ahead. Undefined: the alert has no start. */
function startOf({ startsAtMs }: Alert, nowMs: number): number | undefined {
  return isoTime(startsAtMs) !== undefined && startsAtMs > 0 ? Math.min(startsAtMs, nowMs) : undefined;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** At least one label is needed. */
function labelsOf(alert: Alert): Record<string, string> {
  const labels = namesOf(alert.labels);
  return Object.keys(labels).length > 0 ? labels : { alertname: alertName(alert).toWellFormed() || "alert" };
}

/** Alertmanager refuses an alert whose URL Go cannot parse. */
function generatorOf({ generatorURL }: Alert): string | undefined {
  const url = URL.parse(generatorURL ?? "");
  const parses = url !== null && /^https?:$/.test(url.protocol) && !/%(?![\da-f]{2})/i.test(url.href);
  return parses ? url.href : undefined;
}
