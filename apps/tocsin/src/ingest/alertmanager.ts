import { type Alert, alertFingerprint, type Claim } from "@tocsin/core";
import type { LocatedIssue } from "./located-issue.ts";
import { BatchReader, type Received } from "./batch-reader.ts";
import { LargeJson } from "./large-json.ts";
import { isEmpty, isProblems, noLabels, readWebhookAlert, type WebhookAlertFields } from "./read-alert.ts";

/** Links that Grafana adds to an alert, and `generatorURL`, which any sender may leave out. */
const pages = ["generatorURL", "dashboardURL", "panelURL", "silenceURL", "imageURL", "valueString"] as const;

/**
 * Each alert of a webhook becomes one claim per source, whichever Alertmanager replica sent it. `version` is ignored: Grafana
 * sends "1", and new fields are added without a new version.
 */
export function parseAlertmanagerWebhook(body: unknown, from: Omit<Received, "sender">): BatchReader {
  const { isObject, alerts, truncatedAlerts } = body instanceof LargeJson ? partsOfLarge(body) : partsOf(body);
  if (!isObject) return BatchReader.unreadable("", "expected an object");
  if (alerts === undefined) return BatchReader.unreadable("alerts", "expected a list");
  return new BatchReader(alerts, (alert) => parseWebhookAlert(alert, from), countOf(truncatedAlerts));
}

interface Parts {
  readonly isObject: boolean;
  /** Undefined if it is not a list. */
  readonly alerts?: Iterable<unknown> | undefined;
  readonly truncatedAlerts?: unknown;
}

function partsOf(body: unknown): Parts {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return { isObject: false };
  const { alerts, truncatedAlerts } = body as { alerts?: unknown; truncatedAlerts?: unknown };
  return { isObject: true, alerts: Array.isArray(alerts) ? alerts : undefined, truncatedAlerts };
}

function partsOfLarge({ top }: LargeJson): Parts {
  if (!top.isObject) return { isObject: false };
  const members = top.members("alerts", "truncatedAlerts");
  const alerts = members.get("alerts");
  return {
    isObject: true,
    alerts: alerts?.isList === true ? alerts.items() : undefined,
    truncatedAlerts: members.get("truncatedAlerts")?.scalar,
  };
}

/** Limits a count, so that sums stay finite: JSON may hold 1e999, which parses as infinity. */
const maxCount = 1_000_000_000;

/** Returns a count in a body; 0 if there is none. */
const countOf = (input: unknown): number =>
  typeof input === "number" && Number.isInteger(input) && input > 0 ? Math.min(input, maxCount) : 0;

/**
 * The given fingerprint is used, because Grafana computes it from labels that it does not send. A missing fingerprint is
 * computed as Alertmanager would.
 */
export function parseWebhookAlert(input: unknown, from: Omit<Received, "sender">): Claim | readonly LocatedIssue[] {
  const said = readWebhookAlert(input);
  return isProblems(said) ? said : claimOf(said, from);
}

function claimOf(said: WebhookAlertFields, from: Omit<Received, "sender">): Claim | readonly LocatedIssue[] {
  if (said.fingerprint === undefined && isEmpty(said.labels)) return noLabels;
  const alert: { -readonly [key in keyof Alert]: Alert[key] } = {
    fingerprint: said.fingerprint ?? alertFingerprint(said.labels),
    labels: said.labels,
    annotations: said.annotations,
    startsAtMs: said.startsAt ?? from.nowMs,
  };
  for (const page of pages) {
    const text = said[page];
    if (text !== undefined) alert[page] = text;
  }
  // While an alert fires, Alertmanager hides its end; any value there would be a guess.
  const endsAtMs = said.status === "resolved" ? said.endsAt : undefined;
  return {
    alert,
    status: said.status,
    source: from.source,
    ...(endsAtMs !== undefined && { endsAtMs }),
    ...(said.startsAt === undefined && { startUnknown: true }),
  };
}
