import { z } from "zod";
import { roles } from "../../config/schema.ts";
import { conditionNames } from "../../health/conditions.ts";
import { loginBody } from "../endpoints/session.ts";
import { count, instant, severity, warnings } from "./answer-parts.ts";
import type { EndpointDescription, EndpointDescriptions } from "./endpoint-description.ts";

const healthy: EndpointDescription = { answers: { 200: z.strictObject({ status: z.literal("ok") }) } };

const warned = z.array(z.string()).describe("Problems that do not make the service unready.").optional();

const ready: EndpointDescription = {
  answers: {
    200: z.strictObject({ status: z.literal("ready"), warnings: warned }),
    503: z.strictObject({ status: z.literal("not ready"), reasons: z.array(z.string()), warnings: warned }),
  },
};

const modelScore = z
  .strictObject({
    provider: z.string(),
    model: z.string(),
    verdicts: count,
    labelled: count.describe("Verdicts about alerts whose label states a severity."),
    agreed: count.describe("Those of them that state the same severity."),
    agreement: z.number().nullable().describe("`agreed` of `labelled`, 0 to 1. Null: none is labelled."),
    effects: z
      .strictObject({ raised: count, lowered: count, suppressed: count, filled: count, none: count })
      .describe("What verdicts did. In shadow mode: what they would have done."),
    calls: count,
    failedCalls: count,
    meanCallMs: z.int().nullable(),
    slowestCallMs: z.int(),
    inputTokens: count,
    outputTokens: count,
  })
  .meta({ id: "ModelScore", description: "The verdicts of one model, since this process started." });

const difference = z.strictObject({
  incident: z.int(),
  dedupKey: z.string(),
  difference: z
    .enum(["orphan", "closed_there"])
    .describe("`orphan`: open there, ended here. `closed_there`: it fires here, and is not open there."),
  by: z.string().optional(),
  repair: z.enum(["none", "sent", "held", "skipped"]),
});

const comparison = z.strictObject({
  running: z.boolean(),
  apply: z.boolean().optional(),
  startedAt: instant.optional(),
  endedAt: instant.optional(),
  targets: z.array(
    z.strictObject({
      target: z.string(),
      openThere: count.optional(),
      open: count.optional(),
      differences: z.array(difference).optional(),
      incomplete: z.string().describe("Why not everything was compared.").optional(),
      permanent: z.literal(true).describe("A person must act first: Tocsin does not try again by itself.").optional(),
    }),
  ),
});

const reconcile: EndpointDescription = {
  query: { target: z.array(z.string()).describe("Only these targets.") },
  answers: { 202: comparison },
  errors: [404, 409],
};

export const operationsDescriptions: EndpointDescriptions = {
  "GET /": {
    answers: { 200: { contentType: "text/plain", description: "The list of endpoints; for a browser the web page." } },
  },
  "GET /api/v1/openapi.json": {
    answers: { 200: z.looseObject({ openapi: z.string() }).describe("This document.") },
  },
  "GET /metrics": {
    answers: { 200: { contentType: "text/plain", description: "The text format of Prometheus: docs/metrics.md." } },
  },
  "GET /healthz": healthy,
  "GET /-/healthy": healthy,
  "GET /readyz": ready,
  "GET /-/ready": ready,
  "POST /-/reload": {
    answers: {
      200: z.strictObject({
        status: z.literal("reloaded"),
        needsRestart: z.array(z.string()).describe("Changed keys that take effect at the next start."),
        warnings,
      }),
    },
    errors: [409],
  },
  "GET /api/v1/classification": {
    answers: {
      200: z.strictObject({
        provider: z.enum(["none", "rules", "llm"]),
        model: z.string().nullable(),
        apply: z.enum(["fill", "override", "shadow"]).nullable(),
        breaker: z
          .enum(["closed", "half_open", "open"])
          .nullable()
          .describe("`open`: the classifier fails, and no page waits for it."),
        budgetUsedUntil: instant.nullable().describe("Until then no call is made. Null: there is room for calls."),
        outcomes: z
          .record(z.string(), count)
          .describe("Episodes by the origin of their verdict, or by why they have none, since this process started."),
        models: z.array(modelScore),
      }),
    },
  },
  "GET /api/v1/health": {
    answers: {
      200: z.strictObject({
        ok: z.boolean(),
        problems: z.array(
          z.strictObject({
            condition: z.enum(conditionNames as [string, ...string[]]),
            severity,
            object: z.string(),
            summary: z.string(),
            since: instant,
            noticed: z
              .literal(true)
              .describe("The beginning is unknown: `since` is when this process first found it.")
              .optional(),
            fix: z.string(),
          }),
        ),
      }),
    },
  },
  "GET /api/v1/ledger/backup": {
    answers: { 200: { contentType: "application/vnd.sqlite3", description: "The copy of the ledger." } },
    errors: [409],
  },
  "GET /api/v1/reconcile": { answers: { 200: comparison } },
  "POST /api/v1/reconcile": reconcile,
  "POST /api/v1/reconcile/apply": reconcile,
  "POST /api/v1/session": { body: loginBody, answers: { 204: null }, errors: [401, 403, 429] },
  "GET /api/v1/session": {
    answers: {
      200: z.strictObject({
        name: z.string().nullable(),
        roles: z.array(z.enum(roles)),
        needed: z.boolean().describe("Whether requests need a token or a login."),
        loginRefused: z.string().describe("Why no login is possible over this connection.").optional(),
      }),
    },
    errors: [403],
  },
  "DELETE /api/v1/session": { answers: { 204: null }, errors: [403] },
  "POST /api/v1/callbacks/:name": {
    body: z.unknown().describe("The event as the receiver sends it: docs/callbacks.md."),
    answers: {
      200: null,
      202: z.union([
        z.strictObject({ effect: z.enum(["applied", "outdated", "duplicate", "unknown", "pending"]) }),
        z.strictObject({ ignored: z.string().describe("Why the event needs nothing.") }),
      ]),
    },
    errors: [401],
  },
};
