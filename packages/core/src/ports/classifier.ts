import type { Alert } from "../alerts/alert.ts";
import type { Verdict, VerdictProvider } from "../alerts/verdict.ts";

/** Tokens of one call, as the provider counts them. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** Why a call gave no verdict. */
export const classifierFailures = [
  "timeout",
  "network",
  "http_error",
  "rate_limited",
  "refused",
  "invalid_answer",
  "too_long",
] as const;
export type ClassifierFailure = (typeof classifierFailures)[number];

export type ClassifierResult = (
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  | {
      readonly kind: "failed";
      readonly reason: ClassifierFailure;
      /** For people, in our own words: it contains nothing of the prompt or the answer, and no secret. */
      readonly detail: string;
      /** The provider asked for this pause, ms. */
      readonly retryAfterMs?: number;
    }
) & { readonly tokens?: Tokens };

/** Asks one provider for verdicts. Contract: it never throws because of an alert, the network or an answer. */
export interface Classifier extends AsyncDisposable {
  readonly provider: VerdictProvider;
  readonly model: string;
  /** Returns the hash of what would be sent for this alert: alerts with equal hashes get the same request. */
  promptHash(alert: Alert): string;
  /** Returns the text that would be sent for this alert, after redaction. Absent: nothing is sent. */
  promptOf?(alert: Alert): string;
  /**
   * The verdict at once, without a call; for classifiers that need none. It never throws, and takes microseconds, because it runs within
   * requests. Undefined: there is no verdict about this alert.
   */
  readonly verdictNow?: (alert: Alert) => Verdict | undefined;
  /** Makes one call, and ends it if `signal` aborts. */
  classify(alert: Alert, signal: AbortSignal): Promise<ClassifierResult>;
}
