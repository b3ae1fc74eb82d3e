export interface DeadLetterBody {
  readonly id: number;
  readonly incident: number;
  readonly target: string;
  readonly dedupKey: string;
  readonly action: string;
  readonly reason: string;
  readonly answer?: string | null;
  readonly at: string;
  readonly replayedAt?: string | null;
  /** The event without credentials; only in the answer about one dead letter. */
  readonly rendered?: unknown;
}

export interface DeadLetterPage {
  readonly deadletters: readonly DeadLetterBody[];
  readonly nextCursor?: string;
}

/** The answer of a replay of all that match. */
export interface ReplayReport {
  readonly matching: number;
  /** How many of them can be sent again. */
  readonly replayable: number;
  readonly replayed: number;
  /** The first of the others. */
  readonly refused: readonly { readonly id: number; readonly target: string; readonly reason: string }[];
  /** A limit ended the request, which continues from here. */
  readonly nextCursor?: string;
}
