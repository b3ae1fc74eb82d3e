import type { Route } from "./route.ts";
import type { ClaimState } from "./claim.ts";
import type { Classification } from "./verdict.ts";

/** The last state in which Alertmanager's API showed an alert. One per (alert, source), stored with the alert. */
export interface LastShown {
  /** Identity of the API: a keyed hash of its URLs and headers, no secret. Results of another API do not count. */
  readonly api: string;
  /** Ledger time, ms. May be older than the last poll by up to `confirmEveryMs`. */
  readonly atMs: number;
  /** Silenced or inhibited there. */
  readonly suppressed?: true;
}

/** An alert that a source sent through its webhook, with its claim and the last state that an API showed. */
export interface ReadAlert {
  readonly fingerprint: string;
  readonly claim: ClaimState;
  /** By any API, not only the current one. */
  readonly shown?: LastShown;
  /** The classification of its episode. Absent: it has none. */
  readonly classification?: Classification;
}

/**
 * The result of a reading for one alert.
 *
 * - `active`: it fires there.
 * - `suppressed`: it is silenced or inhibited there.
 * - `gone`: it was absent for long enough, counted since the last information about it, which came at `lastReportedAtMs`.
 */
export type Finding =
  | { readonly says: "active" | "suppressed"; readonly fingerprint: string }
  | { readonly says: "gone"; readonly fingerprint: string; readonly lastReportedAtMs: number };

/** The result of one poll, as the ledger records it. */
export interface Reading {
  readonly source: string;
  readonly api: string;
  /**
   * `routes`: the targets that receive the alert if it is active. `classification`: the one with which it was routed. If the ledger
   * has a verdict that leads to other routes by now, the incidents stay as they are.
   */
  readonly findings: readonly (Finding & {
    readonly routes: readonly Route[];
    readonly classification?: Classification;
  })[];
}

/** When the source, or its API, last reported anything about the alert. Ledger time, ms. */
export const lastReportedAtMs = ({ claim, shown }: Pick<ReadAlert, "claim" | "shown">): number =>
  Math.max(claim.heardAtMs, shown?.atMs ?? 0);
