import type { Claim } from "../../alerts/claim.ts";
import type { Classification, EpisodeVerdict, VerdictAbsence } from "../../alerts/verdict.ts";
import type { ReadAlert, Reading } from "../../alerts/reading.ts";
import type { Route } from "../../alerts/route.ts";
import type { FiringAlert } from "./queries.ts";
import type { TargetTerms } from "./target-terms.ts";

/** A claim, and the targets that receive its alert if it fires. */
export interface RoutedClaim {
  readonly claim: Claim;
  readonly routes: readonly Route[];
  /** How the routes were classified. Absent: alerts are not classified, or not this one. */
  readonly classification?: ProposedClassification;
}

/** A new episode stores it. An episode that has one already keeps its own. */
export type ProposedClassification =
  | { readonly verdict: EpisodeVerdict }
  | { readonly absent: VerdictAbsence }
  /** A verdict is awaited; it is used if it comes within this time. */
  | { readonly waitMs: number };

/** The effect of one claim. `duplicate`: it changed nothing that is sent. `skewed`: its times differ from ours by > 1 min. */
export interface Recorded {
  readonly fingerprint: string;
  readonly effect: "accepted" | "duplicate";
  readonly skewed: boolean;
  /**
   * The classification of the alert's episode. Present only if the claim proposed one, and the alert fires or its firing is held.
   * If its verdict leads to other routes than the proposed one (`routesAlike`), the routes of the claim had no effect: the
   * incidents of the alert stay as they are, until it is routed again with this one.
   */
  readonly classification?: Classification;
  /**
   * Other traces that the alert's incidents belong to or belonged to before this claim. Present only if the claim has a trace and
   * there are such traces.
   */
  readonly linkedTraces?: readonly string[];
}

/** The part of the ledger that takes in targets, claims and readings: it sets the desired state. */
export interface Intake {
  /**
   * Replaces the list of targets. At a target that vanished or is disabled, incidents that were never sent stay unsent; the
   * others keep their endpoint until their resolve is sent.
   */
  useTargets(targets: readonly TargetTerms[]): Promise<void>;
  /** Records claims in order of arrival. Recording the same claim twice changes nothing but the time of confirmation. */
  record(claims: readonly RoutedClaim[]): Promise<readonly Recorded[]>;
  /** Returns those of these alerts that the source has sent through its webhook. `nowMs`: the ledger's time. */
  readAlerts(
    source: string,
    fingerprints: readonly string[],
  ): Promise<{ readonly alerts: readonly ReadAlert[]; readonly nowMs: number }>;
  /**
   * Records what the source's own API reports about alerts that the source has sent. A finding that newer information contradicts
   * has no effect.
   */
  recordReading(reading: Reading): Promise<void>;
  /**
   * Routes alerts again after targets changed. Applies to alerts that fire and to alerts with a held firing (`FiringPage.held`):
   * the new routes count when the ledger believes that firing. Returns the alerts that got another verdict meanwhile: their
   * routes had no effect, so the caller routes them again.
   */
  reroute(routed: readonly ReroutedAlert[]): Promise<readonly FiringAlert[]>;
}

export interface ReroutedAlert {
  readonly fingerprint: string;
  readonly routes: readonly Route[];
  /** The classification with which it was routed (`FiringAlert.classification`). Absent: it has none, or none counts any more. */
  readonly classification?: Classification;
}
