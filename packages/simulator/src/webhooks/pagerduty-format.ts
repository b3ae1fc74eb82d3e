import type { Incident, IncidentChange } from "../state/incident-store.ts";
import { incidentDocument } from "../receivers/pagerduty/rest-documents.ts";
import { signatureHeader } from "./sign.ts";
import type { WebhookFormat } from "./webhook-format.ts";

/** PagerDuty V3: https://developer.pagerduty.com/docs/webhooks-overview */
export const pagerdutyFormat: WebhookFormat = {
  userAgent: "PagerDuty-Webhook/V3.0",
  kindOf: (change, _incident, before) => eventType(change, before),
  bodyOf: ({ id, kind, incident, atMs, isPerson }) => ({
    event: {
      id,
      event_type: kind,
      resource_type: "incident",
      occurred_at: new Date(atMs).toISOString(),
      agent: isPerson
        ? { id: "PERSON1", type: "user_reference", summary: "A person", self: null, html_url: null }
        : null,
      client: null,
      data: { ...incidentDocument(incident), number: incident.number, incident_key: incident.dedupKey },
    },
  }),
  signatureOf: (body, secrets) => ({ "x-pagerduty-signature": signatureHeader(body, secrets) }),
};

/** Repeated triggers change no incident, so they cause no webhook. */
function eventType(change: IncidentChange, before: Incident["status"] | undefined): string | undefined {
  if (change.kind === "lost") return undefined;
  if (change.kind === "opened") return "incident.triggered";
  if (change.status === before) return undefined;
  if (before === "resolved") return "incident.reopened";
  if (change.status === "triggered") return "incident.unacknowledged";
  return `incident.${change.status}`;
}
