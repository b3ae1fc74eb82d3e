import { incidentStates } from "@tocsin/core";
import { z } from "zod";
import { alertShapes } from "../../ingest/alert-shapes.ts";
import {
  answerParts,
  count,
  instant,
  issue,
  labelSet,
  nextCursor,
  queryParts,
  reason,
  warnings,
} from "./answer-parts.ts";
import { change, relatedChange } from "./change-descriptions.ts";
import type { EndpointDescription, EndpointDescriptions } from "./endpoint-description.ts";

const status = z.enum(["firing", "resolved"]);
const state = z.enum(incidentStates);
const noTarget = z.literal("no_target").describe("No target can receive the alert, whatever its labels.").optional();
const { classification, episodeClassification, heldBack, historyEntry, weighed } = answerParts;

const explained = z
  .strictObject({
    target: z.string(),
    state,
    reason,
    rule: z.string().describe("The key of the target's definition that decided that nothing is sent.").optional(),
    detail: z.string().optional(),
    wouldTell: z.boolean().describe("The target's rules accept the alert, and the target really sends."),
    incident: z.int().optional(),
    classification: classification.optional(),
    weighed: weighed.optional(),
    traceId: z.string().optional(),
    heldBack: heldBack.optional(),
    keepsKey: z.enum(["earlier", "present"]).optional(),
    fallback: z
      .strictObject({
        state,
        reason,
        detail: z.string().optional(),
        incident: z.int().optional(),
        classification: classification.optional(),
        heldBack: heldBack.optional(),
      })
      .optional(),
    event: z.unknown().describe("The event that would be sent, without credentials.").optional(),
    history: z.array(historyEntry).optional(),
  })
  .meta({ id: "Explained", description: "Why one target received an alert, or did not, or would." });

const claim = z.strictObject({
  source: z.string(),
  sender: z.string().optional(),
  origin: z.string().optional(),
  status,
  ended: z.enum(["explicit", "inferred", "doubtful", "read"]).optional(),
  startsAt: instant,
  heardAt: instant,
  expiresAt: instant.optional(),
  doubtfulEndAt: instant.optional(),
});

const explanationFields = {
  fingerprint: z.string(),
  status,
  reason: noTarget,
  labels: labelSet,
  classification: episodeClassification.optional(),
  firstSeenAt: instant,
  confirmedAt: instant,
  claims: z.array(claim),
  targets: z.array(explained),
  changes: z.array(relatedChange),
};

const changeExplanationFields = {
  fingerprint: z.string(),
  reason: noTarget,
  change,
  targets: z.array(explained),
};

const received: EndpointDescription = {
  query: { source: queryParts.source },
  body: alertShapes.webhookBody,
  answers: {
    200: z.strictObject({
      accepted: count,
      duplicates: count,
      rejected: count,
      skewed: count.describe("Alerts whose start lies in the future."),
      issues: z.array(issue).describe("The mistakes in the rejected alerts. The others are recorded.").optional(),
    }),
  },
};

export const alertDescriptions: EndpointDescriptions = {
  "POST /api/v1/webhook/alertmanager": received,
  "PUT /api/v1/webhook/alertmanager": received,
  "POST /api/v2/alerts": {
    query: { source: queryParts.source },
    body: alertShapes.postedAlerts,
    answers: { 200: null },
  },
  "POST /api/v1/heartbeats/:name": {
    answers: { 200: z.strictObject({ source: z.string() }) },
    errors: [404],
  },
  "GET /api/v1/alerts": {
    query: {
      matcher: queryParts.matchers,
      received: z.literal("none").describe("Only alerts that no target received."),
      limit: queryParts.limit,
      cursor: queryParts.cursor,
    },
    answers: {
      200: z.strictObject({
        alerts: z.array(
          z.strictObject({
            fingerprint: z.string(),
            labels: labelSet,
            status,
            reason: noTarget,
            startsAt: instant,
            confirmedAt: instant,
            targets: z.array(z.strictObject({ target: z.string(), state, reason, heldBack: heldBack.optional() })),
          }),
        ),
        nextCursor,
        warnings,
      }),
    },
    errors: [400],
  },
  "GET /api/v1/explain": {
    query: {
      fingerprint: z.string().describe("Explains this alert. Excludes `matcher`."),
      matcher: queryParts.matchers,
      limit: queryParts.limit,
      cursor: queryParts.cursor,
    },
    answers: {
      200: z.union([
        z.strictObject({ ...explanationFields, warnings }),
        z.strictObject({ ...changeExplanationFields, warnings }),
        z.strictObject({
          alerts: z.array(z.union([z.strictObject(explanationFields), z.strictObject(changeExplanationFields)])),
          nextCursor,
          warnings,
        }),
      ]),
    },
    errors: [400, 404],
  },
  "POST /api/v1/explain": {
    query: { source: z.string().describe("The sender that the templates of targets see.") },
    body: alertShapes.explainBody,
    answers: {
      200: z.strictObject({
        fingerprint: z.string(),
        status,
        reason: noTarget,
        labels: labelSet,
        targets: z.array(explained),
        warnings,
      }),
    },
  },
};
