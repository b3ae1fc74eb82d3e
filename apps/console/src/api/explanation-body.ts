import type { HeldBack, RelatedChange } from "./incident-body.ts";

/** Why one target received an alert, did not, or would. */
export interface Explained {
  readonly target: string;
  readonly state: string;
  readonly reason: string;
  readonly detail?: string;
  readonly rule?: string;
  readonly wouldTell: boolean;
  readonly incident?: number;
  readonly heldBack?: HeldBack;
  readonly keepsKey?: string;
  readonly fallback?: {
    readonly state: string;
    readonly reason: string;
    readonly detail?: string;
    readonly incident?: number;
  };
  readonly event?: unknown;
}

/** What one source or direct sender says about an alert. */
export interface ClaimBody {
  readonly source: string;
  readonly sender?: string;
  readonly origin?: string;
  readonly status: string;
  readonly ended?: string;
  readonly startsAt?: string;
  readonly heardAt?: string;
  readonly expiresAt?: string;
  readonly doubtfulEndAt?: string;
}

export interface ExplanationBody {
  readonly fingerprint: string;
  readonly status?: string;
  readonly reason?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly firstSeenAt?: string;
  readonly confirmedAt?: string;
  readonly claims?: readonly ClaimBody[];
  readonly targets: readonly Explained[];
  readonly changes?: readonly RelatedChange[];
  readonly warnings?: readonly string[];
}

export interface AlertBody {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: string;
  readonly reason?: string;
  readonly startsAt?: string | null;
  readonly confirmedAt?: string | null;
  readonly targets: readonly {
    readonly target: string;
    readonly state: string;
    readonly reason: string;
    readonly heldBack?: HeldBack;
  }[];
}

export interface AlertPage {
  readonly alerts: readonly AlertBody[];
  readonly nextCursor?: string;
  readonly warnings?: readonly string[];
}
