import { attemptReasons, severities } from "@tocsin/core";
import { z } from "zod";
import { defaultFor } from "../endpoints/drills.ts";
import { targetStates } from "../../targets/resolved-target.ts";
import { answerParts, count, instant, issue, warnings } from "./answer-parts.ts";
import type { EndpointDescription, EndpointDescriptions } from "./endpoint-description.ts";

const { heldBack } = answerParts;

const target = z
  .strictObject({
    name: z.string().describe("A target of a Kubernetes Secret is named `namespace/name`."),
    type: z.string().optional(),
    format: z.string().optional(),
    enabled: z.boolean().optional(),
    mode: z.string().optional(),
    origin: z.string().describe("Scheme, host and port of its URL. The path may be a credential.").optional(),
    source: z.string(),
    place: z.string().describe("Where it is written."),
    state: z.enum(targetStates),
    heldBack: heldBack.optional(),
    reason: z.literal("self_target").optional(),
    errors: z.array(issue),
    warnings: z.array(issue),
    inForce: z.enum(["as_written", "last_valid", "without_fallback", "nothing"]).optional(),
    reachability: z
      .strictObject({
        ok: z.boolean(),
        step: z.string().describe("The first step that failed.").optional(),
        detail: z.string().optional(),
        tookMs: z.number(),
        at: instant,
      })
      .optional(),
    limiter: z.strictObject({ limit: z.number(), used: z.number(), pausedUntil: instant.nullable() }).optional(),
    breaker: z
      .strictObject({
        state: z.enum(["closed", "half_open", "open"]),
        until: instant.nullable(),
        lastFailure: z.string().optional(),
      })
      .optional(),
    deadLetters: count,
    lastSuccess: z.strictObject({ at: instant }).nullable(),
    lastError: z.strictObject({ at: instant, reason: z.enum(attemptReasons), detail: z.string() }).nullable(),
  })
  .meta({
    id: "Target",
    description: "Type, format and what follows from them are absent while no version is in use.",
  });

const targetList = z.strictObject({
  targets: z.array(target),
  discovery: z.array(
    z.strictObject({
      source: z.string(),
      where: z.string(),
      state: z.enum(["synced", "stale", "unread"]),
      syncedAt: instant.nullable(),
      staleSince: instant.nullable(),
      error: z.string().nullable(),
    }),
  ),
  warnings,
});

const show: EndpointDescription = { answers: { 200: target }, errors: [404] };

const tryOut: EndpointDescription = {
  query: { only: z.literal("key").describe("Only checks the key with PagerDuty. Opens no incident.") },
  answers: {
    200: z.strictObject({
      target: z.string(),
      ok: z.boolean().describe("The target accepted both the trigger and the resolve."),
      dedupKey: z.string(),
      incident: z.int().optional(),
      attempts: z.array(
        z.strictObject({
          action: z.enum(["trigger", "acknowledge", "resolve", "change", "check"]),
          outcome: z.enum(["accepted", "retry", "ambiguous", "refused", "blocked", "interrupted"]),
          status: z.int().optional(),
          answer: z.string(),
          durationMs: z.number(),
          sent: z.unknown().describe("The event without the credential.").optional(),
        }),
      ),
      waiting: z.string().describe("Why no attempt has ended.").optional(),
      heldBack: heldBack.optional(),
    }),
  },
  errors: [404, 409],
};

const drillAnswers = { 202: z.strictObject({ target: z.string(), fingerprint: z.string() }) };

const startDrill: EndpointDescription = {
  query: {
    severity: z.enum(severities).default("critical"),
    for: z.string().describe('When it ends by itself: a duration from "1s" to "24h".').default(defaultFor),
  },
  answers: drillAnswers,
  errors: [404, 409],
};

const endDrill: EndpointDescription = {
  query: { fingerprint: z.string() },
  answers: drillAnswers,
  errors: [404],
};

export const targetDescriptions: EndpointDescriptions = {
  "GET /api/v1/targets": { answers: { 200: targetList } },
  "GET /api/v1/targets/:name": show,
  "GET /api/v1/targets/:namespace/:name": show,
  "POST /api/v1/targets/:name/test": tryOut,
  "POST /api/v1/targets/:namespace/:name/test": tryOut,
  "POST /api/v1/targets/:name/drill": startDrill,
  "POST /api/v1/targets/:namespace/:name/drill": startDrill,
  "DELETE /api/v1/targets/:name/drill": endDrill,
  "DELETE /api/v1/targets/:namespace/:name/drill": endDrill,
  "POST /api/v1/targets/refresh": { answers: { 200: targetList } },
};
