import { createHmac } from "node:crypto";
import { alertResource, incidentResource } from "../receivers/rootly/rootly-documents.ts";
import type { Incident } from "../state/incident-store.ts";
import type { WebhookFormat } from "./webhook-format.ts";

const isIncident = ({ dedupKey }: Incident): boolean => dedupKey.startsWith("incidents/");

/** Actions on an incident that have an event type of their own. All others are `incident.updated`. */
const incidentKinds: readonly string[] = ["in_triage", "mitigated", "resolved", "cancelled"];

/** https://docs.rootly.com/configuration/webhooks. Of an alert only its creation is announced, and no later change. */
export const rootlyFormat: WebhookFormat = {
  userAgent: "Rootly",
  kindOf(change, incident) {
    if (!isIncident(incident)) return change.kind === "opened" ? "alert.created" : undefined;
    if (change.kind === "opened") return "incident.created";
    if (change.kind === "lost") return "incident.deleted";
    const { action } = change.entry;
    const kind = action === "resolve" ? "resolved" : action;
    return `incident.${incidentKinds.includes(kind) ? kind : "updated"}`;
  },
  bodyOf({ id, kind, incident, atMs, isPerson }) {
    const { id: number, attributes } = isIncident(incident) ? incidentResource(incident) : alertResource(incident);
    const by = isPerson && kind === "incident.resolved" ? { resolved_by: { full_name: "A person" } } : {};
    const data = { id: number, ...attributes, ...by };
    return { event: { id, type: kind, issued_at: new Date(atMs).toISOString() }, data };
  },
  /** The signed text is the time and the body, without anything between them. */
  signatureOf(body, [secret = ""], nowMs) {
    const seconds = Math.floor(nowMs / 1000);
    const hex = createHmac("sha256", secret).update(`${seconds}${body}`).digest("hex");
    return { "x-rootly-signature": `t=${seconds},v1=${hex}` };
  },
};
