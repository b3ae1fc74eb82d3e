import { z } from "zod";
import { deadReasons, replayBody } from "../endpoints/dead-letters.ts";
import { count, instant, nextCursor, queryParts, reason } from "./answer-parts.ts";
import type { EndpointDescriptions } from "./endpoint-description.ts";

const fields = {
  id: z.int(),
  incident: z.int(),
  target: z.string(),
  dedupKey: z.string(),
  action: z.enum(["trigger", "acknowledge", "resolve", "change", "check"]),
  reason,
  answer: z.string().describe("The receiver's answer."),
  at: instant,
  replayedAt: instant.nullable(),
};

export const deadLetterDescriptions: EndpointDescriptions = {
  "GET /api/v1/deadletters": {
    query: {
      target: z.string(),
      reason: z.enum(deadReasons),
      before: z.string().meta({ format: "date-time", description: "Only dead letters from before this time." }),
      replayed: z.enum(["true", "false"]),
      limit: queryParts.limit,
      cursor: queryParts.cursor,
    },
    answers: {
      200: z.strictObject({
        deadletters: z.array(z.strictObject(fields).meta({ id: "DeadLetter" })),
        nextCursor,
      }),
    },
    errors: [400],
  },
  "GET /api/v1/deadletters/:id": {
    answers: {
      200: z
        .strictObject({ ...fields, rendered: z.unknown().describe("The event without the credential.").optional() })
        .meta({ id: "DeadLetterWithEvent" }),
    },
    errors: [404],
  },
  "DELETE /api/v1/deadletters/:id": { answers: { 204: null }, errors: [404] },
  "POST /api/v1/deadletters/replay": {
    body: replayBody,
    isBodyOptional: true,
    answers: {
      200: z.strictObject({
        matching: count,
        replayable: count,
        replayed: count,
        refused: z.array(
          z.strictObject({
            id: z.int(),
            target: z.string(),
            reason: z.enum(["superseded", "no_target", "target_invalid", "target_disabled"]),
          }),
        ),
        nextCursor: z
          .string()
          .describe(
            "A limit ended the request. Repeat it with this as `cursor` to continue with older dead letters. Absent: all were looked at.",
          )
          .optional(),
      }),
    },
  },
  "POST /api/v1/deadletters/:id/replay": {
    answers: { 202: z.strictObject({ id: z.int(), incident: z.int() }) },
    errors: [404, 409],
  },
};
