/**
 * What can be wrong with what the receivers were told:
 *
 * - `lost`: it fires, and nobody was told, or it was closed again
 * - `late`: it was told, but not within the time that the truth allows
 * - `repeated`: more incidents than episodes, or a trigger again for no reason
 * - `out_of_order`: a resolve or acknowledge before its trigger, or while the source still fired
 * - `stray`: opened without a source, or after its end
 * - `orphaned`: it ended, and its incident is open still
 * - `wrong_key`: told under another credential than the target's
 * - `wrong_severity`: shown with a severity that the source never gave it, or below the highest that it gave
 * - `refused`: a request that broke a rule of the receiver
 * - `over_limit`: more calls in a window than the receiver takes
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
  /** When it went wrong, where that is one instant. */
  readonly at?: string | undefined;
  /** A sentence for a person. */
  readonly says: string;
}

export const iso = (atMs: number): string => new Date(atMs).toISOString();
