import { attemptReasons, incidentStates, reasons, severities } from "@tocsin/core";
import { z } from "zod";
import { maxTextLength } from "../endpoints/incident-search.ts";
import { answerParts, count, instant, labelSet, nextCursor, queryParts, reason, severity } from "./answer-parts.ts";
import { relatedChange } from "./change-descriptions.ts";
import type { EndpointDescriptions } from "./endpoint-description.ts";

const state = z.enum(incidentStates).meta({ id: "IncidentState", description: "docs/states.md explains each state." });

/** The fields of an incident, in lists and alone. */
const incidentFields = {
  id: z.int(),
  target: z.string(),
  dedupKey: z.string(),
  kind: z.enum(["alert", "change"]),
  members: z.array(z.string()).describe("Fingerprints of its alerts."),
  labels: labelSet.describe("Labels of the leading alert."),
  sources: z.array(z.string()),
  severity,
  state,
  reason,
  heldBack: answerParts.heldBack.optional(),
  wanted: z
    .strictObject({
      status: z.enum(["firing", "resolved"]),
      acknowledged: z.boolean(),
      severity,
      summary: z.string(),
      at: instant,
    })
    .describe("Desired state: the state that the target must show."),
  told: z
    .strictObject({
      event: z.enum(["trigger", "acknowledge", "resolve", "change"]),
      certain: z.boolean().describe("False: the effect of the attempt is unknown."),
      severity,
      at: instant,
      shadow: z.literal(true).describe("Nothing was sent: the target is in shadow mode.").optional(),
    })
    .nullable()
    .describe("Delivered state: the last event that the target accepted."),
  dueAt: instant.nullable(),
  dueSince: instant
    .nullable()
    .describe("Since when an event has waited to be delivered, across retries. Null: none waits."),
  attempts: count,
  lastFailure: z.strictObject({ reason: z.enum(attemptReasons), detail: z.string(), at: instant }).nullable(),
  acceptedAt: instant,
  confirmedAt: instant.nullable().describe("When the receiver first reported that it has the incident."),
  sourceConfirmedAt: instant.describe("When a source last confirmed the alert."),
  updatedAt: instant,
  acknowledgedBy: z.strictObject({ by: z.string(), at: instant }).optional(),
  receiver: z
    .strictObject({
      incident: z.string().optional(),
      confirmedAt: instant.optional(),
      status: z.strictObject({ is: z.enum(["open", "acknowledged", "resolved"]), at: instant }).optional(),
    })
    .describe("What the receiver reported about its incident.")
    .optional(),
  traceId: z.string().optional(),
};

const incident = z.strictObject(incidentFields).meta({ id: "Incident" });

const entry = <What extends string, Fields extends z.ZodRawShape>(what: z.ZodType<What>, fields: Fields) =>
  z.strictObject({ at: instant, what, ...fields });

const timelineEntry = z
  .union([
    entry(z.literal("received"), { sources: z.array(z.string()) }),
    entry(z.literal("routed"), { target: z.string(), severity, summary: z.string() }),
    entry(z.literal("waited"), { reason, durationMs: z.number(), until: instant.optional() }),
    entry(z.literal("attempt"), {
      action: z.string(),
      outcome: z.string().describe("`accepted`, or why it was not."),
      shadow: z.literal(true).optional(),
      status: z.int().optional(),
      startedAt: instant.optional(),
      durationMs: z.number().optional(),
      answer: z.string().optional(),
    }),
    entry(z.enum(["acknowledged", "resolved"]), { by: z.string() }),
    entry(z.literal("receiver"), {
      status: z.enum(["confirmed", "open", "acknowledged", "resolved"]),
      incident: z.string().optional(),
    }),
    entry(z.literal("change"), {
      id: z.string(),
      origin: z.string(),
      summary: z.string(),
      state: z.string().optional(),
    }),
    entry(z.literal("ended"), {}),
    entry(z.literal("note"), { text: z.string(), detail: z.string().optional() }),
  ])
  .meta({ id: "TimelineEntry" });

const manual = {
  answers: { 202: z.strictObject({ id: z.int() }) },
  errors: [404],
};

export const incidentDescriptions: EndpointDescriptions = {
  "GET /api/v1/incidents": {
    query: {
      state: z.enum(incidentStates),
      reason: z.enum(reasons),
      target: z.string().describe("Full name of a target."),
      severity: z.enum(severities),
      kind: z.enum(["alert", "change"]),
      source: z.string(),
      since: queryParts.since,
      fingerprint: z.string(),
      matcher: queryParts.matchers,
      q: z
        .string()
        .max(maxTextLength)
        .describe("A text in summary, dedup key, target or labels; upper and lower case are equal."),
      limit: queryParts.limit,
      cursor: queryParts.cursor,
    },
    answers: {
      200: z.strictObject({
        incidents: z.array(incident),
        nextCursor,
        searched: z
          .strictObject({ looked: count, stopped: z.boolean().describe("True: a limit ended the search.") })
          .describe("How many incidents were read to apply the filters.")
          .optional(),
      }),
    },
    errors: [400],
  },
  "GET /api/v1/incidents/:id": {
    answers: {
      200: z
        .strictObject({
          ...incidentFields,
          classification: answerParts.classification.optional(),
          history: z.array(answerParts.historyEntry),
          changes: z.array(relatedChange),
          timeline: z.array(timelineEntry),
        })
        .meta({ id: "IncidentWithTimeline" }),
    },
    errors: [404],
  },
  "GET /api/v1/incidents/:id/receiver": {
    answers: {
      200: z.strictObject({
        id: z.int(),
        target: z.string(),
        dedupKey: z.string(),
        callback: z.boolean().describe("A callback reports what happens at the target."),
        lookUp: z
          .union([
            z.strictObject({
              incident: z
                .strictObject({ id: z.string(), status: z.enum(["triggered", "acknowledged", "resolved"]) })
                .nullable()
                .describe("Null: the receiver has no incident with this dedup key."),
            }),
            z.strictObject({
              failure: z.strictObject({ reason: z.enum([...attemptReasons, "not_found"]), detail: z.string() }),
            }),
          ])
          .nullable()
          .describe("Null: the target has no `rest_token`."),
      }),
    },
    errors: [404],
  },
  "POST /api/v1/incidents/:id/acknowledge": manual,
  "POST /api/v1/incidents/:id/resolve": manual,
  "GET /api/v1/incidents/summary": {
    answers: {
      200: z.strictObject({
        at: instant,
        rows: z.array(z.strictObject({ target: z.string(), state, reason: reason.nullable(), count })),
        oldestDue: z.array(incident),
        alerts: z.strictObject({ firing: count, resolved: count }),
        deadLetters: z.array(z.strictObject({ target: z.string(), reason, count })),
        rates: z.strictObject({
          process: z.string().describe("Totals of two processes must not be compared."),
          received: count,
          sent: count,
        }),
      }),
    },
  },
  "GET /api/v1/events/stream": {
    query: { target: z.string(), fingerprint: z.string() },
    answers: {
      200: { contentType: "text/event-stream", description: "docs/stream.md explains the events." },
    },
  },
  "GET /api/v1/stats": {
    answers: {
      200: z.strictObject({
        at: instant,
        alerts: z.strictObject({ firing: count, resolved: count }),
        incidents: z.array(z.strictObject({ target: z.string(), state, count })),
        due: z.array(z.strictObject({ target: z.string(), severity, oldestAt: instant })),
        deadLetters: z.array(z.strictObject({ target: z.string(), reason, count })),
      }),
    },
  },
};
