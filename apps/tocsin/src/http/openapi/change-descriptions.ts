import { z } from "zod";
import { maxChanges, postedChange } from "../../changes/parse-changes.ts";
import { instant, issue, labelSet, nextCursor, queryParts } from "./answer-parts.ts";
import type { EndpointDescriptions } from "./endpoint-description.ts";

const changeFields = {
  id: z.string(),
  origin: z.string().describe("The sender that reported it. It is the scope of `id`."),
  summary: z.string(),
  source: z.string(),
  environment: z.string().optional(),
  labels: labelSet,
  links: z.array(z.strictObject({ href: z.string(), text: z.string().optional() })),
  state: z.enum(["running", "complete", "failed"]).optional(),
  timestamp: instant,
  acceptedAt: instant,
  fingerprint: z.string(),
};

export const change = z.strictObject({ ...changeFields, customDetails: z.unknown().optional() }).meta({ id: "Change" });

/** A change beside an alert, without its details. */
export const relatedChange = z.strictObject(changeFields).meta({ id: "RelatedChange" });

export const changeDescriptions: EndpointDescriptions = {
  "POST /api/v1/changes": {
    query: { source: queryParts.source },
    body: z.union([postedChange, z.strictObject({ changes: z.array(postedChange).min(1).max(maxChanges) })]),
    answers: { 202: z.strictObject({ ids: z.array(z.string()), issues: z.array(issue).optional() }) },
  },
  "GET /api/v1/changes": {
    query: {
      since: queryParts.since,
      matcher: queryParts.matchers,
      limit: queryParts.limit,
      cursor: queryParts.cursor,
    },
    answers: { 200: z.strictObject({ changes: z.array(change), nextCursor }) },
    errors: [400],
  },
  "POST /api/v1/changes/from/:name": {
    body: z.unknown().describe("The event as the sender of the change writes it: docs/changes.md."),
    answers: {
      202: z.union([
        z.strictObject({ ids: z.array(z.string()) }),
        z.strictObject({ ignored: z.string().describe("Why the event is no change.") }),
      ]),
    },
    errors: [401],
  },
};
