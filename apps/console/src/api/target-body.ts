import type { HeldBack } from "./incident-body.ts";

export interface TargetIssue {
  readonly path: string;
  readonly message: string;
}

export interface TargetBody {
  readonly name: string;
  readonly type?: string;
  readonly enabled?: boolean;
  readonly mode?: string;
  readonly origin?: string;
  readonly source: string;
  readonly place?: string;
  readonly state: string;
  readonly reason?: string;
  readonly heldBack?: HeldBack;
  readonly errors: readonly TargetIssue[];
  readonly warnings: readonly (string | TargetIssue)[];
  readonly inForce?: boolean;
  readonly reachability?: {
    readonly ok: boolean;
    readonly step?: string;
    readonly detail?: string;
    readonly tookMs?: number;
    readonly at: string;
  };
  readonly limiter?: { readonly limit: number; readonly used: number; readonly pausedUntil?: string | null };
  readonly breaker?: { readonly state: string; readonly until?: string | null; readonly lastFailure?: unknown };
  readonly deadLetters: number;
  readonly lastSuccess?: { readonly at: string } | null;
  readonly lastError?: { readonly at: string; readonly reason: string; readonly detail?: string } | null;
}

export interface TargetsBody {
  readonly targets: readonly TargetBody[];
  readonly discovery: readonly {
    readonly source: string;
    readonly where: string;
    readonly state: string;
    readonly syncedAt?: string | null;
    readonly error?: string | null;
  }[];
  readonly warnings?: readonly string[];
}

/** The answer of a test-send or a key check. */
export interface TestReport {
  readonly target: string;
  readonly ok: boolean;
  readonly incident?: number;
  readonly attempts: readonly {
    readonly action: string;
    readonly outcome: string;
    readonly status?: number;
    readonly answer: string;
    readonly durationMs: number;
    readonly sent?: unknown;
  }[];
  readonly waiting?: string;
  readonly heldBack?: HeldBack;
}
