import type { Route } from "./route.ts";
import type { ClaimState } from "./claim.ts";

/** What Alertmanager's API showed about an alert last. One per (alert, source), stored with the alert. */
export interface Shown {
  /** Identity of the API: a keyed hash of its URLs and headers, no secret. Another API's word about the alert does not count. */
  readonly api: string;
  /** Ledger time. May be older than the last poll by `confirmEveryMs`. */
  readonly atMs: number;
  /** Silenced or inhibited there. */
  readonly suppressed?: true;
}

/** An alert that a source sent through its webhook, and what is known about it. */
export interface ReadAlert {
  readonly fingerprint: string;
  readonly claim: ClaimState;
  /** By whichever API. */
  readonly shown?: Shown;
}

/**
 * What a reading says about an alert. `active`: it fires there. `suppressed`: it is silenced or inhibited there. `gone`: it was
 * absent for long enough, counted since the last word about it, which came at `lastWordAtMs`.
 */
export type ReadWord =
  | { readonly says: "active" | "suppressed"; readonly fingerprint: string }
  | { readonly says: "gone"; readonly fingerprint: string; readonly lastWordAtMs: number };

/** The result of one poll, as the ledger records it. */
export interface Reading {
  readonly source: string;
  readonly api: string;
  /** `routes`: where the alert is sent if it is active. */
  readonly words: readonly (ReadWord & { readonly routes: readonly Route[] })[];
}

/** When the source, or its API, last said anything about the alert. Ledger time, ms. */
export const lastWordAtMs = ({ claim, shown }: Pick<ReadAlert, "claim" | "shown">): number =>
  Math.max(claim.heardAtMs, shown?.atMs ?? 0);
