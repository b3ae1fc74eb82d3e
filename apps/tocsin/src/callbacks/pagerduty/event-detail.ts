import { type Fields, oneLine } from "../../changes/sources/fields.ts";
import { maxDetailLength } from "../callback-type.ts";
import { isMerge } from "./is-merge.ts";

/**
 * Returns the line that the timeline of an incident shows for an event, by its type. Undefined: the type is unknown, or the event
 * needs no line.
 */
export function eventDetail(type: string, fields: Fields): string | undefined {
  const parts = Object.hasOwn(details, type) ? details[type]?.(fields) : undefined;
  return parts && oneLine(parts.filter((part) => part !== undefined && part !== "").join(" "), maxDetailLength);
}

type Parts = readonly (string | undefined)[];

/** The timeline says itself which state the event reports, and which person. */
const state = (fields: Fields): Parts => [incidentName(fields), byAutomation(fields)];

/** The text of each type of event. */
const details: Readonly<Record<string, (fields: Fields) => Parts>> = {
  "incident.triggered": state,
  "incident.acknowledged": state,
  "incident.unacknowledged": state,
  "incident.reopened": state,
  "incident.resolved": (fields) =>
    isMerge(fields)
      ? ["merged", incidentName(fields), "into", fields.text("event.data.resolve_reason.incident.summary", 200)]
      : state(fields),
  "incident.annotated": (fields) => ["note:", fields.text("event.data.content", maxDetailLength), cut(fields)],
  "incident.escalated": (fields) => ["escalated to", assignees(fields)],
  "incident.reassigned": (fields) => ["assigned to", assignees(fields)],
  "incident.delegated": (fields) => [
    "delegated to the escalation policy",
    fields.text("event.data.escalation_policy.summary", 200),
  ],
  "incident.priority_updated": (fields) => ["priority:", fields.text("event.data.priority.summary", 100) ?? "none"],
  "incident.service_updated": (fields) => ["moved to the service", fields.text("event.data.service.summary", 200)],
  "incident.incident_type.changed": (fields) => ["incident type:", fields.text("event.data.incident_type.name", 100)],
  "incident.status_update_published": (fields) => [
    "status update:",
    fields.text("event.data.message", maxDetailLength),
    cut(fields),
  ],
  "incident.responder.added": (fields) => ["responder requested:", responder(fields)],
  "incident.responder.replied": (fields) => [
    "responder replied:",
    responder(fields),
    fields.text("event.data.state", 50),
    fields.text("event.data.message", 200),
  ],
  "incident.role.assigned": (fields) => [
    "role assigned:",
    firstText(fields, ["role.summary", "role.name", "incident_role.summary", "incident_role.name"]),
    firstText(fields, ["user.summary", "assignee.summary", "incident_role.user.summary"]),
  ],
  "incident.conference_bridge.updated": (fields) => [
    "conference bridge:",
    firstText(fields, ["conference_bridge.conference_url", "conference_url", "conference_number"]),
  ],
  "incident.custom_field_values.updated": (fields) => ["fields changed:", customFields(fields)],
  "incident.task.created": (fields) => ["task created:", task(fields)],
  "incident.task.updated": (fields) => ["task changed:", task(fields)],
  "incident.task.completed": (fields) => ["task completed:", task(fields)],
  "incident.workflow.started": (fields) => ["workflow started:", workflow(fields)],
  "incident.workflow.completed": (fields) => ["workflow completed:", workflow(fields)],
  "incident.action_invocation.created": (fields) => ["automation action started:", action(fields)],
  "incident.action_invocation.updated": (fields) => ["automation action changed:", action(fields)],
  "incident.action_invocation.terminated": (fields) => ["automation action ended:", action(fields)],
};

/** `incident #2 "A little bump in the road"`. */
function incidentName(fields: Fields): string {
  const number = fields.id("event.data.number");
  const title = fields.text("event.data.title", 200);
  return ["incident", number && `#${number}`, title && `"${title}"`].filter(Boolean).join(" ");
}

/** Says which part of PagerDuty acted, if no person did. */
function byAutomation(fields: Fields): string | undefined {
  const type = fields.text("event.agent.type");
  const name = fields.text("event.agent.summary", 100);
  return type === undefined || name === undefined || type.startsWith("user") ? undefined : `by ${name}`;
}

const assignees = (fields: Fields): string =>
  namesIn(fields.list("event.data.assignees"), (one) => one["summary"]) || "nobody";

const customFields = (fields: Fields): string =>
  namesIn(fields.list("event.data.custom_fields"), (one) => one["display_name"] ?? one["name"]);

/** Most names in one line. */
const maxNames = 10;

function namesIn(list: readonly unknown[], nameOf: (one: Record<string, unknown>) => unknown): string {
  return list
    .slice(0, maxNames)
    .flatMap((one) => {
      const name = typeof one === "object" && one !== null ? nameOf(one as Record<string, unknown>) : undefined;
      return typeof name === "string" ? (oneLine(name, 100) ?? []) : [];
    })
    .join(", ");
}

const responder = (fields: Fields): string | undefined =>
  firstText(fields, ["user.summary", "escalation_policy.summary"]);

const task = (fields: Fields): string | undefined => firstText(fields, ["summary", "title", "name"]);

const workflow = (fields: Fields): string | undefined =>
  firstText(fields, ["summary", "incident_workflow.summary", "workflow.summary"]);

const action = (fields: Fields): string | undefined => firstText(fields, ["action.summary", "action.name", "summary"]);

const firstText = (fields: Fields, paths: readonly string[]): string | undefined =>
  paths.map((path) => fields.text(`event.data.${path}`, 200)).find((text) => text !== undefined);

const cut = (fields: Fields): string | undefined =>
  fields.at("event.data.trimmed") === true ? "(cut by PagerDuty)" : undefined;
