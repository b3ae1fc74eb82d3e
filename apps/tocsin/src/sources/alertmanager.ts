import { type Alert, alertFingerprint, type Claim } from "@tocsin/core";
import { z } from "zod";

import { type Located, located } from "../issues.ts";
import { alertFields, isEmpty, noLabels, optionalText } from "./alert-fields.ts";
import { type Batch, readBatch, type Received, unreadable } from "./batch.ts";
import { quickWebhookAlert, type SaidByWebhook } from "./quick-alert.ts";

/** What Grafana adds to an alert, and `generatorURL`, which may be missing everywhere. */
const pages = ["generatorURL", "dashboardURL", "panelURL", "silenceURL", "imageURL", "valueString"] as const;

/**
 * One alert of an Alertmanager webhook (version "4") or of Grafana's superset of it:
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
export const webhookAlert = z.object({
  ...alertFields,
  status: z.enum(["firing", "resolved"], { error: 'expected "firing" or "resolved"' }),
  fingerprint: optionalText,
  dashboardURL: optionalText,
  panelURL: optionalText,
  silenceURL: optionalText,
  imageURL: optionalText,
  valueString: optionalText,
});

/**
 * A webhook is one claim per source, whichever replica sent it. `version` is not looked at: Grafana says "1", and new
 * fields come without a new one.
 */
export function parseWebhook(body: unknown, from: Omit<Received, "sender">): Batch {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return unreadable("", "expected an object");
  const { alerts, truncatedAlerts } = body as { alerts?: unknown; truncatedAlerts?: unknown };
  if (!Array.isArray(alerts)) return unreadable("alerts", "expected a list");
  const truncated = typeof truncatedAlerts === "number" && truncatedAlerts > 0 ? truncatedAlerts : 0;
  return { ...readBatch(alerts, (alert) => parseWebhookAlert(alert, from)), truncated };
}

/**
 * The fingerprint is taken as given, since Grafana's is computed with labels that it does not show; a missing one is
 * computed as Alertmanager would.
 */
export function parseWebhookAlert(input: unknown, from: Omit<Received, "sender">): Claim | readonly Located[] {
  const quick = quickWebhookAlert(input);
  if (quick !== undefined) return claimOf(quick, from);
  const parsed = webhookAlert.safeParse(input);
  return parsed.success ? claimOf(parsed.data, from) : located(parsed.error);
}

function claimOf(said: SaidByWebhook, from: Omit<Received, "sender">): Claim | readonly Located[] {
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
  const claim: Claim = { alert, status: said.status, source: from.source };
  // While an alert fires, Alertmanager hides its end; whatever stands there would be a guess.
  return said.status === "resolved" && said.endsAt !== undefined ? { ...claim, endsAtMs: said.endsAt } : claim;
}
