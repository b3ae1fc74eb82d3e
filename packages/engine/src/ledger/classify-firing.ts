import {
  type Classification,
  newClassification,
  type ProposedClassification,
  proposedVerdict,
  type Route,
  routesAlike,
} from "@tocsin/core/decisions";
import { hasHeldFiring } from "./held-firing.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { routesAsTheyAre } from "./routes-as-they-are.ts";
import type { AlertRecord } from "./store.ts";

/** One claim, as far as the classification of its alert depends on it. */
export interface ClassifiedClaim {
  readonly before: AlertRecord | undefined;
  readonly proposed: ProposedClassification | undefined;
  readonly fires: boolean;
  /** It begins an episode. */
  readonly begins: boolean;
}

/**
 * The classification of an alert after a claim, and the routes that count. The proposed classification counts for a new episode, which
 * begins when the alert begins to fire, also if that firing is held for now. A running episode keeps its own. Routes that were made
 * with another verdict have no effect: everything stays as it is, until the alert is routed with the right one.
 */
export function classifyFiring(
  context: LedgerContext,
  claim: ClassifiedClaim,
  routes: readonly Route[],
): { readonly classification: Classification | undefined; readonly routes: readonly Route[] } {
  const { before, proposed } = claim;
  const classification = classificationAfter(claim, context.nowMs);
  if (!before || proposed === undefined || routesAlike(proposedVerdict(proposed), classification?.verdict))
    return { classification, routes };
  return { classification, routes: before.status === "firing" ? routesAsTheyAre(context, before) : before.routes };
}

function classificationAfter(
  { before, proposed, fires, begins }: ClassifiedClaim,
  nowMs: number,
): Classification | undefined {
  const known = before?.classification;
  if (!fires) return known;
  const runs = before?.status === "firing" ? !begins : before !== undefined && hasHeldFiring(before);
  if (runs && known !== undefined) return known;
  return proposed && newClassification(proposed, nowMs);
}
