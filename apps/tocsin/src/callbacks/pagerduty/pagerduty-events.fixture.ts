/** Samples of V3 webhooks in the shape of https://developer.pagerduty.com/docs/webhooks-overview, one for each type of event. */

const person = { id: "PLH1HKV", type: "user_reference", summary: "Tenex Engineer", self: null, html_url: null };
export const integration = { id: "PXMQRWJ", type: "inbound_integration_reference", summary: "Events API V2" };
const reference = { id: "PGR0VU2", type: "incident_reference", summary: "A little bump in the road" };

export const incident = {
  id: "PGR0VU2",
  type: "incident",
  self: "https://api.pagerduty.com/incidents/PGR0VU2",
  html_url: "https://acme.pagerduty.com/incidents/PGR0VU2",
  number: 2,
  status: "triggered",
  incident_key: "d3640fbd41094207a1c11e58e46b1662",
  created_at: "2026-11-30T11:00:00Z",
  title: "A little bump in the road",
  incident_type: { name: "Security" },
  service: { id: "PF9KMXH", type: "service_reference", summary: "API Service" },
  assignees: [
    { id: "PTUXL6G", type: "user_reference", summary: "User 123" },
    { id: "PTUXL6H", type: "user_reference", summary: "User 456" },
  ],
  escalation_policy: { id: "PUS0KTE", type: "escalation_policy_reference", summary: "Default" },
  teams: [{ id: "PFCVPS0", type: "team_reference", summary: "Engineering" }],
  priority: { id: "PSO75BM", type: "priority_reference", summary: "P1" },
  urgency: "high",
  conference_bridge: { conference_number: "+1 1234123412,,987654321#", conference_url: "https://example.com" },
  resolve_reason: null,
};

export const occurredAt = "2026-11-30T11:30:00.169Z";

/** An event with the data of an incident, by a person, unless other fields are given. */
export const eventOf = (event_type: string, data: unknown = incident, more: Record<string, unknown> = {}) => ({
  event: {
    id: "5ac64822-4adc-4fda-ade0-410becf0de4f",
    event_type,
    resource_type: event_type.slice(0, event_type.indexOf(".")),
    occurred_at: occurredAt,
    agent: person,
    client: { name: "PagerDuty" },
    data,
    ...more,
  },
});

const within = (type: string, more: Record<string, unknown>) => ({ incident: reference, id: "P2LA89X", type, ...more });

/** The data of each type of event that is no state of an incident, and the line of the timeline. */
export const notedEvents: readonly (readonly [type: string, data: unknown, detail: string])[] = [
  ["incident.escalated", incident, "escalated to User 123, User 456"],
  ["incident.reassigned", incident, "assigned to User 123, User 456"],
  ["incident.delegated", incident, "delegated to the escalation policy Default"],
  ["incident.priority_updated", incident, "priority: P1"],
  ["incident.service_updated", incident, "moved to the service API Service"],
  ["incident.incident_type.changed", incident, "incident type: Security"],
  ["incident.annotated", within("incident_note", { content: "Rolled back", trimmed: false }), "note: Rolled back"],
  [
    "incident.status_update_published",
    within("incident_status_update", { message: "A fix is on its way", trimmed: true }),
    "status update: A fix is on its way (cut by PagerDuty)",
  ],
  [
    "incident.responder.added",
    within("incident_responder", { user: { ...person, summary: "Maeve" }, state: "pending", message: "Please help" }),
    "responder requested: Maeve",
  ],
  [
    "incident.responder.replied",
    within("incident_responder", { user: { ...person, summary: "Maeve" }, state: "declined", message: "Asleep" }),
    "responder replied: Maeve declined Asleep",
  ],
  [
    "incident.role.assigned",
    {
      type: "incident_role_assignment",
      role: { summary: "Incident Commander" },
      user: { summary: "Maeve" },
      incident_role: { incident: reference },
    },
    "role assigned: Incident Commander Maeve",
  ],
  [
    "incident.conference_bridge.updated",
    within("incident_conference_bridge", { conference_url: "https://example.com/bridge" }),
    "conference bridge: https://example.com/bridge",
  ],
  [
    "incident.custom_field_values.updated",
    within("incident_field_values", {
      custom_fields: [{ name: "env", display_name: "Environment" }, { name: "size" }],
    }),
    "fields changed: Environment, size",
  ],
  ["incident.task.created", within("incident_task", { summary: "Check the logs" }), "task created: Check the logs"],
  ["incident.task.updated", within("incident_task", { summary: "Check the logs" }), "task changed: Check the logs"],
  ["incident.task.completed", within("incident_task", { summary: "Check the logs" }), "task completed: Check the logs"],
  [
    "incident.workflow.started",
    within("incident_workflow_instance", { summary: "Open a bridge" }),
    "workflow started: Open a bridge",
  ],
  [
    "incident.workflow.completed",
    within("incident_workflow_instance", { incident_workflow: { summary: "Open a bridge" } }),
    "workflow completed: Open a bridge",
  ],
  [
    "incident.action_invocation.created",
    within("incident_action_invocation", { action: { summary: "Restart" } }),
    "automation action started: Restart",
  ],
  [
    "incident.action_invocation.updated",
    within("incident_action_invocation", { action: { summary: "Restart" } }),
    "automation action changed: Restart",
  ],
  [
    "incident.action_invocation.terminated",
    within("incident_action_invocation", { action: { summary: "Restart" } }),
    "automation action ended: Restart",
  ],
];

/** Each type of event that is a state of an incident, and its kind. */
export const stateEvents = [
  ["incident.triggered", "opened"],
  ["incident.acknowledged", "acknowledged"],
  ["incident.unacknowledged", "unacknowledged"],
  ["incident.resolved", "resolved"],
  ["incident.reopened", "reopened"],
] as const;

/** Types that say nothing about an incident. */
export const ignoredEvents: readonly (readonly [type: string, data: unknown])[] = [
  ["pagey.ping", { type: "ping", message: "Hello from your friend Pagey!" }],
  ["service.created", { id: "PF9KMXH", type: "service" }],
  ["service.updated", { id: "PF9KMXH", type: "service" }],
  ["service.deleted", { id: "PF9KMXH", type: "service" }],
  ["service.custom_field_values.updated", { type: "service_field_values" }],
  ["incident.of_tomorrow", incident],
  ["constructor", incident],
  ["incident.constructor", incident],
];
