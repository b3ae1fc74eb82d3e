import type { Schema } from "../schema.ts";

/* Rootly's JSON:API bodies. A test compares them with docs/receivers/rootly.openapi.json. */

const text: Schema = { type: "string", nullable: true };
const texts: Schema = { type: "array", items: { type: "string" }, nullable: true };
const flag: Schema = { type: "boolean", nullable: true };
const instant: Schema = { type: "string", format: "date-time", nullable: true };
const targetType = ["User", "Group", "EscalationPolicy", "Service", "Functionality"];

const document = (type: string, attributes: Schema, required: readonly string[] = ["type", "attributes"]): Schema => ({
  type: "object",
  properties: {
    data: {
      type: "object",
      properties: { type: { enum: [type] }, attributes },
      ...(required.length > 0 ? { required } : {}),
    },
  },
  ...(required.length > 0 ? { required: ["data"] } : {}),
});

const alertAttributes: Readonly<Record<string, Schema>> = {
  noise: { enum: ["noise", "not_noise"], nullable: true },
  source: { type: "string" },
  summary: { type: "string" },
  description: text,
  service_ids: texts,
  group_ids: texts,
  functionality_ids: texts,
  environment_ids: texts,
  started_at: instant,
  ended_at: instant,
  external_id: text,
  external_url: text,
  alert_urgency_id: text,
  labels: {
    type: "array",
    items: {
      type: "object",
      properties: { key: { type: "string" }, value: { type: ["string", "number", "boolean"] } },
      required: ["key", "value"],
      nullable: true,
    },
  },
  data: { type: "object", nullable: true },
  deduplication_key: text,
  alert_field_values_attributes: {
    type: "array",
    items: {
      type: "object",
      properties: { alert_field_id: { type: "string" }, value: { type: "string" } },
      required: ["alert_field_id", "value"],
      nullable: true,
    },
  },
};

export const newAlert: Schema = document("alerts", {
  type: "object",
  properties: {
    ...alertAttributes,
    summary: { type: "string", notBlank: true },
    status: { enum: ["open", "triggered"] },
    notification_target_type: { enum: targetType, nullable: true },
    notification_target_id: text,
    notification_targets: {
      type: "array",
      minItems: 1,
      nullable: true,
      items: {
        type: "object",
        properties: { type: { enum: targetType }, id: { type: "string" } },
        required: ["type", "id"],
        additionalProperties: false,
      },
    },
  },
  required: ["summary"],
  additionalProperties: false,
});

export const updateAlert: Schema = document("alerts", {
  type: "object",
  properties: alertAttributes,
  additionalProperties: false,
});

export const resolveAlert: Schema = document(
  "alerts",
  {
    type: "object",
    properties: { resolution_message: text, resolve_related_incidents: flag },
    additionalProperties: false,
  },
  [],
);

export const snoozeAlert: Schema = document("alerts", {
  type: "object",
  properties: { delay_minutes: { type: "integer", minimum: 1, maximum: 10_080 } },
  required: ["delay_minutes"],
  additionalProperties: false,
});

export const escalateAlert: Schema = document(
  "alerts",
  {
    type: "object",
    properties: { escalation_policy_id: { type: "string" }, escalation_policy_level: { type: "integer", minimum: 1 } },
    additionalProperties: false,
  },
  [],
);

const statuses = [
  "in_triage",
  "started",
  "detected",
  "acknowledged",
  "mitigated",
  "resolved",
  "closed",
  "cancelled",
  "scheduled",
  "in_progress",
  "completed",
];

const named = (names: string, schema: Schema): Record<string, Schema> =>
  Object.fromEntries(names.split(" ").map((name) => [name, schema]));

const incidentAttributes: Readonly<Record<string, Schema>> = {
  ...named("title parent_incident_id duplicate_incident_id summary severity_id public_title", text),
  ...named("slack_channel_name slack_channel_id slack_channel_url google_drive_parent_id google_drive_url", text),
  ...named("jira_issue_key jira_issue_id jira_issue_url scheduled_for scheduled_until in_triage_at started_at", text),
  ...named("detected_at acknowledged_at mitigated_at resolved_at closed_at cancelled_at", text),
  ...named("alert_ids environment_ids incident_type_ids service_ids functionality_ids group_ids cause_ids", texts),
  ...named("muted_service_ids", texts),
  ...named("private slack_channel_archived", flag),
  kind: {
    enum: "test test_sub example example_sub normal normal_sub backfilled scheduled scheduled_sub".split(" "),
    nullable: true,
  },
  labels: { type: "object", nullable: true },
};

export const newIncident: Schema = document("incidents", {
  type: "object",
  properties: {
    ...incidentAttributes,
    status: { enum: statuses },
    user_id: text,
    notify_emails: texts,
    url: { type: "string" },
  },
  additionalProperties: false,
});

export const updateIncident: Schema = document("incidents", {
  type: "object",
  properties: {
    ...incidentAttributes,
    ...named("mitigation_message resolution_message cancellation_message", text),
    status: { enum: statuses, nullable: true },
  },
  additionalProperties: false,
});

/** `PUT /v1/incidents/{id}/resolve` and its like: at most one message. */
export const moveIncident = (message: string | undefined): Schema =>
  document("incidents", {
    type: "object",
    properties: message === undefined ? {} : { [message]: text },
    additionalProperties: false,
  });
