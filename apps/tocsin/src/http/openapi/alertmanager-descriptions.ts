import { z } from "zod";
import { instant, labelSet, queryParts } from "./answer-parts.ts";
import type { EndpointDescriptions } from "./endpoint-description.ts";

const receiver = z.strictObject({ name: z.string() });

const gettableAlert = z
  .strictObject({
    annotations: labelSet,
    endsAt: instant,
    fingerprint: z.string(),
    receivers: z.array(receiver),
    startsAt: instant,
    status: z.strictObject({
      inhibitedBy: z.array(z.string()),
      mutedBy: z.array(z.string()),
      silencedBy: z.array(z.string()),
      state: z.enum(["suppressed", "active"]),
    }),
    updatedAt: instant,
    generatorURL: z.string().optional(),
    labels: labelSet,
  })
  .meta({ id: "GettableAlert", description: "An alert as Alertmanager shows it." });

const flag = z.enum(["true", "false"]).default("true");

const search = {
  filter: queryParts.matchers,
  receiver: z.string().describe("A regular expression for the whole name of a target."),
  active: flag,
  silenced: flag,
  inhibited: flag,
};

export const alertmanagerDescriptions: EndpointDescriptions = {
  "GET /api/v2/alerts": {
    query: { ...search, unprocessed: z.string().describe("Accepted as Alertmanager does, and without effect.") },
    answers: { 200: z.array(gettableAlert) },
    errors: [400],
  },
  "GET /api/v2/alerts/groups": {
    query: search,
    answers: { 200: z.array(z.strictObject({ alerts: z.array(gettableAlert), labels: labelSet, receiver })) },
    errors: [400],
  },
  "GET /api/v2/status": {
    answers: {
      200: z.strictObject({
        cluster: z.strictObject({ status: z.string(), peers: z.array(z.unknown()) }),
        config: z.strictObject({ original: z.string() }),
        uptime: instant,
        versionInfo: z.strictObject({
          version: z.string(),
          revision: z.string(),
          branch: z.string(),
          buildUser: z.string(),
          buildDate: z.string(),
          goVersion: z.string(),
        }),
      }),
    },
  },
  "GET /api/v2/silences": { answers: { 200: z.array(z.unknown()).max(0) } },
  "GET /api/v2/silence/:id": { answers: {}, errors: [404] },
};
