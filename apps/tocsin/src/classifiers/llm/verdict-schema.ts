import { verdictSeverities } from "@tocsin/core";
import { z } from "zod";

/**
 * The answer that a model is asked for. Every key is required and no limit is stated, because servers with strict schemas accept
 * nothing else; `readVerdict` applies the limits.
 */
export const verdictSchema = z.strictObject({
  severity: z.enum(verdictSeverities),
  confidence: z.number(),
  reasoning: z.string(),
  recommendations: z.array(z.string()),
  category: z.string(),
});

/** The schema that checks an answer. A model may leave out what is only for people, and add what nobody asked for. */
export const answerSchema = z.object({
  severity: z.enum(verdictSeverities),
  confidence: z.number().min(0).max(1),
  reasoning: z.string().default(""),
  recommendations: z.array(z.string()).default([]),
  category: z.string().default(""),
});
