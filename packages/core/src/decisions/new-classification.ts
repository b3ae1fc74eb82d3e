import type { Classification, EpisodeVerdict } from "../alerts/verdict.ts";
import type { ProposedClassification } from "../ports/ledger/intake.ts";

/** The classification of an episode that begins now. */
export function newClassification(proposed: ProposedClassification, nowMs: number): Classification {
  if (!("waitMs" in proposed)) return { atMs: nowMs, ...proposed };
  return proposed.waitMs > 0 ? { atMs: nowMs, untilMs: nowMs + proposed.waitMs } : { atMs: nowMs, absent: "late" };
}

/** Whether a verdict that arrives now is used. */
export const isAwaited = ({ untilMs }: Pick<Classification, "untilMs">, nowMs: number): boolean =>
  untilMs !== undefined && untilMs > nowMs;

/** The classification as it is now: once its time passed, none is awaited any more. */
export function currentClassification(stored: Classification, nowMs: number): Classification {
  if (stored.untilMs === undefined || stored.untilMs > nowMs) return stored;
  const { untilMs: _, ...rest } = stored;
  return { ...rest, absent: "late" };
}

/**
 * Whether both verdicts lead to the same routes, at the same configuration. Undefined: no verdict, whatever the reason. Routes
 * depend neither on the texts of a verdict nor on its origin.
 */
export const routesAlike = (a: EpisodeVerdict | undefined, b: EpisodeVerdict | undefined): boolean =>
  a?.severity === b?.severity && a?.confidence === b?.confidence && a?.ofShape === b?.ofShape;

/** The verdict of a proposed classification. */
export const proposedVerdict = (proposed: ProposedClassification): EpisodeVerdict | undefined =>
  "verdict" in proposed ? proposed.verdict : undefined;
