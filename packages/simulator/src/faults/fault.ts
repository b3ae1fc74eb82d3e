import type { Region } from "../state/region.ts";

/**
 * What goes wrong:
 *
 * - `answer`: this status instead of the receiver's own answer, with or without `Retry-After`
 * - `hang`: the request is read and never answered
 * - `reset_before`, `reset_after`: the connection breaks before, or after, the request was read
 * - `half`: the answer breaks off in its middle
 * - `slow_headers`, `slow_body`: the answer, or the second half of its body, comes late
 * - `wrong_type`, `not_json`: the answer is labelled `text/html`; its body is not JSON
 * - `refuse`: no connection comes to be
 * - `skew`: the receiver's clock is wrong; it answers as usual
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
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Whether the receiver takes the request in all the same. `maybe`: as the seed says. */
export type Applied = boolean | "maybe";

/** A fault as it is written. Durations are seconds or such as `"30s"`. */
export interface FaultSetting {
  readonly kind: FaultKind;
  /** @default every receiver */
  readonly receiver?: string;
  readonly region?: Region;
  /** Only requests with this credential: itself, or its hash as the control API shows it. */
  readonly key?: string;
  /** Only this action: `trigger`, `resolve`, … */
  readonly action?: string;
  /** When it begins, from now. @default 0 */
  readonly at?: number | string;
  /** How long it lasts. @default for ever */
  readonly for?: number | string;
  /** How many of the requests meet it, 0 to 1. @default 1 */
  readonly share?: number;
  /** It is over after so many. @default no bound */
  readonly times?: number;
  /** @default true for what breaks on the way back, false for `answer` */
  readonly applied?: Applied;
  /** `answer` only. */
  readonly status?: number;
  /** `answer` only: sends `Retry-After`. */
  readonly retry_after?: number | string;
  /** @default "seconds" */
  readonly retry_after_as?: "seconds" | "date";
  /** How slow, or how wrong the clock is; a skew may be negative, `"-5m"`. */
  readonly by?: number | string;
}

/** A fault in force: absolute times, hashes, what it has met so far. */
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
  /** Requests that met it. */
  met: number;
}

/** Strikes before the body is read, so that neither key nor action is known. */
export const strikesEarly = (kind: FaultKind): boolean => kind === "reset_before" || kind === "refuse";

/** The receiver has the request when these strike. */
export const appliedUnlessSaid = (kind: FaultKind): boolean => kind !== "answer" && !strikesEarly(kind);
