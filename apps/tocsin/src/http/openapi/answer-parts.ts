import { reasons, severities, verdictAbsences, verdictLimits, verdictProviders, verdictSeverities } from "@tocsin/core";
import { z } from "zod";
import { maxMatchers } from "../endpoints/alert-search.ts";
import { defaultLimit, maxPerPage } from "../pagination.ts";

/** An instant, as RFC 3339 in UTC. */
export const instant = z.string().meta({ format: "date-time" });

export const count = z.int().min(0);

export const labelSet = z.record(z.string(), z.string());

export const severity = z.enum(severities);

export const reason = z.enum(reasons).meta({ id: "Reason", description: "docs/states.md explains each reason." });

export const warnings = z.array(z.string()).describe("Why the answer may lack what the configuration says.").optional();

export const nextCursor = z
  .string()
  .describe("The `cursor` of the next page. Absent: this is the last page. Its form may change.")
  .optional();

export const issue = z.strictObject({ path: z.string(), message: z.string() }).meta({
  id: "Issue",
  description: "A mistake in the request or the configuration: its place, and how to fix it.",
});

/** A verdict. Its texts are untrusted: a model wrote them. */
const verdictFields = {
  severity: z.enum(verdictSeverities),
  confidence: z.number().min(0).max(1),
  reasoning: z.string(),
  recommendations: z.array(z.string()),
  category: z.string(),
  model: z.string().describe("For rules, the name of the rule."),
  provider: z.enum(verdictProviders),
  fallback: z.boolean().describe("The rules gave it, because the model gave none in time."),
  ofShape: z.boolean().describe("It was given for another alert of the same shape."),
};

const episodeVerdict = z.strictObject(verdictFields).meta({ id: "Verdict" });

/** The parts that several answers share. */
export const answerParts = {
  heldBack: z
    .strictObject({
      reason: z.enum(["waiting_auth", "orphaned_key", "waiting_breaker", "waiting_pause"]),
      detail: z.string().optional(),
      until: instant.optional(),
    })
    .meta({ id: "HeldBack", description: "Why the target accepts no events now." }),
  classification: z
    .strictObject({
      ...verdictFields,
      changed: z
        .enum(["filled", "raised", "lowered"])
        .nullable()
        .describe("What it did to the severity: `filled` where no label states one. Null: nothing."),
    })
    .meta({
      id: "IncidentClassification",
      description: "The verdict that the incident uses. Its texts are untrusted: a model wrote them.",
    }),
  episodeClassification: z
    .strictObject({
      verdict: episodeVerdict.nullable().describe("The verdict that the episode uses."),
      absent: z.enum(verdictAbsences).nullable().describe("Why it uses none."),
      awaitedUntil: instant.nullable().describe("A verdict that comes before this time is used."),
      unused: episodeVerdict.nullable().describe("A verdict that changed nothing: too late, or in shadow mode."),
    })
    .meta({ id: "EpisodeClassification", description: "How the alert's present episode was classified." }),
  weighed: z
    .strictObject({
      effect: z.enum(["none", "filled", "raised", "lowered", "suppressed"]),
      limitedBy: z.enum(verdictLimits).optional(),
    })
    .meta({
      id: "WeighedVerdict",
      description: "What the verdict does at the target, and the first rule that limits it.",
    }),
  historyEntry: z
    .strictObject({
      at: instant,
      what: z.string(),
      detail: z.string().optional(),
      status: z.int().describe("HTTP status of the receiver's answer.").optional(),
      durationMs: z.number().optional(),
    })
    .meta({ id: "HistoryEntry" }),
  problem: z
    .strictObject({
      error: z.strictObject({
        code: z.string().describe("Names the kind of error. Programs compare this text; the message may change."),
        message: z.string(),
        issues: z.array(issue),
      }),
    })
    .meta({ id: "Problem", description: "The body of an error." }),
  problemText: z
    .string()
    .meta({ id: "ProblemText", description: "The error as one text, as Alertmanager's clients expect it." }),
};

/** Query parameters that several endpoints share. */
export const queryParts = {
  limit: z.int().min(1).max(maxPerPage).default(defaultLimit).describe("Most entries of the page."),
  cursor: z.string().describe("`nextCursor` of the previous page."),
  since: z.string().meta({ format: "date-time", description: "Only entries from this time on." }),
  matchers: z
    .array(z.string())
    .max(maxMatchers)
    .describe('A matcher of labels, such as `severity="critical"`. All must match.'),
  source: z
    .string()
    .max(100)
    .describe("The source, if the server needs no token: else the name of the token or client is the source."),
};
