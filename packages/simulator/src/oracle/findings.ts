/**
 * Faults that the oracle can find in the receivers' incidents:
 *
 * - `lost`: the alert fires, but the receiver has no open incident
 * - `late`: the incident was opened, but later than the truth allows
 * - `repeated`: more incidents than episodes, or a repeated trigger without a reason
 * - `out_of_order`: a resolve or acknowledge before its trigger, or while the source was still firing
 * - `stray`: an incident without a source, or opened after the alert ended
 * - `orphaned`: the alert ended, but its incident is still open
 * - `wrong_key`: sent with another credential than the target's
 * - `wrong_severity`: the incident has a severity that the source never gave, or one below the highest that it gave
 * - `refused`: a request that broke a rule of the receiver
 * - `over_limit`: more calls in a window than the receiver accepts
 */
export const findingKinds = [
  "lost",
  "late",
  "repeated",
  "out_of_order",
  "stray",
  "orphaned",
  "wrong_key",
  "wrong_severity",
  "refused",
  "over_limit",
] as const;

export type FindingKind = (typeof findingKinds)[number];

export interface Finding {
  readonly kind: FindingKind;
  readonly receiver: string;
  /** Hash of the credential. */
  readonly key?: string | undefined;
  readonly dedup_key?: string | undefined;
  /** The time of the fault, if it has one. */
  readonly at?: string | undefined;
  /** A sentence for a person. */
  readonly says: string;
}

export const iso = (atMs: number): string => new Date(atMs).toISOString();
