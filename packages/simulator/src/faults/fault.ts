import type { Region } from "../state/region.ts";

/**
 * Kinds of faults:
 *
 * - `answer`: this status instead of the receiver's own answer, with or without `Retry-After`
 * - `hang`: the request is read and never answered
 * - `reset_before`, `reset_after`: the connection breaks before or after the receiver has read the request
 * - `half`: the answer stops in the middle
 * - `slow_headers`, `slow_body`: the answer, or the second half of its body, comes late
 * - `wrong_type`, `not_json`: the answer is labelled `text/html`; its body is not JSON
 * - `refuse`: the connection is refused
 * - `skew`: the receiver's clock is wrong; it answers as usual
 * - `suppress`: PagerDuty answers 202 and keeps the alert, but an event rule suppresses it: no incident, no webhook
 * - `disabled`: PagerDuty answers 202, and nothing happens, because the service is disabled
 */
export const faultKinds = [
  "answer",
  "hang",
  "reset_before",
  "reset_after",
  "half",
  "slow_headers",
  "slow_body",
  "wrong_type",
  "not_json",
  "refuse",
  "skew",
  "suppress",
  "disabled",
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Whether the receiver applies the request although the client gets an error. `maybe`: the seed decides. */
export type Applied = boolean | "maybe";

/** A fault as the user writes it. Durations are seconds or such as `"30s"`. */
export interface FaultSetting {
  readonly kind: FaultKind;
  /** @default every receiver */
  readonly receiver?: string;
  readonly region?: Region;
  /** Only requests with this credential. Give the credential or its hash, as the control API shows it. */
  readonly key?: string;
  /** Only this action: `trigger`, `resolve`, … */
  readonly action?: string;
  /** Delay from now until the fault begins. @default 0 */
  readonly at?: number | string;
  /** How long it lasts. @default for ever */
  readonly for?: number | string;
  /** Share of the requests that it hits, 0 to 1. @default 1 */
  readonly share?: number;
  /** It ends after this number of requests. @default no limit */
  readonly times?: number;
  /** @default true for faults on the way back, false for `answer` */
  readonly applied?: Applied;
  /** `answer` only. */
  readonly status?: number;
  /** `answer` only: sends `Retry-After`. */
  readonly retry_after?: number | string;
  /** @default "seconds" */
  readonly retry_after_as?: "seconds" | "date";
  /** The delay, or the error of the clock. A skew may be negative: `"-5m"`. */
  readonly by?: number | string;
}

/** An active fault: absolute times, hashes, and the number of requests that it has hit. */
export interface Fault {
  readonly kind: FaultKind;
  readonly receiver?: string | undefined;
  readonly region?: Region | undefined;
  readonly key?: string | undefined;
  readonly action?: string | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly share: number;
  readonly times: number;
  readonly applied: Applied;
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
  readonly retryAfterAs: "seconds" | "date";
  readonly byMs: number;
  /** Requests that it has hit. */
  met: number;
}

/** These faults strike before the body is read, so key and action are unknown. */
export const strikesEarly = (kind: FaultKind): boolean => kind === "reset_before" || kind === "refuse";

/** These faults are decisions of the receiver behind an answer as usual. Only PagerDuty's Events API makes them. */
export type Swallow = Extract<FaultKind, "suppress" | "disabled">;

export const swallowOf = (kind: FaultKind | undefined): Swallow | undefined =>
  kind === "suppress" || kind === "disabled" ? kind : undefined;

/** These faults strike after the receiver has read the request. */
export const appliedUnlessSaid = (kind: FaultKind): boolean => kind !== "answer" && !strikesEarly(kind);
