import type { Filter } from "../filters/compile-filters.ts";
import type { Secret } from "../schema/secret.ts";
import type { Severity, SeverityMap } from "../alerts/severity.ts";
import type { RateLimit } from "../ports/ledger/target-terms.ts";
import type { Template } from "./template.ts";

/** What it takes to tell one target something: kept, encrypted, as long as an incident is open there (I6). */
export interface Endpoint {
  readonly name: string;
  /** Which publisher speaks to it. */
  readonly type: string;
  /** Base URL, without the API path and without credentials; of a degraded target the URL as given. */
  readonly url: string;
  /** Null: none, or it is among the headers. */
  readonly credential: Secret | null;
  /** It has no credential of its own and is spoken to in the plainest way: a proxy adds what is missing. */
  readonly degraded: boolean;
  /** Sent with every request. Any of them may be a credential. */
  readonly headers: Readonly<Record<string, Secret>>;
  /**
   * What is sent is signed with each of them. They say who speaks, not where to: rotated, they are used for what was told
   * before, too.
   */
  readonly signingSecrets?: readonly Secret[];
  /** It was found in a Kubernetes Secret, whose author is not the operator. Absent: the operator wrote it. */
  readonly fromSecret?: true;
  /** What only this type knows and no secret, such as the channel that a bot posts to; JSON. */
  readonly typeOptions: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** Put into the event's details; `runbook_base_url` makes links. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly template: Template;
}

/** One place that is told of alerts, valid and compiled: what `target.json` becomes. */
export interface Target extends Endpoint {
  readonly format: string;
  readonly enabled: boolean;
  readonly mode: "live" | "shadow";
  /** All must pass. */
  readonly filters: readonly Filter[];
  readonly rateLimit: RateLimit;
  /** Labels whose equal values put alerts into one incident; empty: one alert, one incident. `...` means all labels. */
  readonly groupBy: readonly string[];
  /** Whether a change of an incident's members is sent. */
  readonly groupUpdates: boolean;
  /** Words that labels use for severities here, besides the common ones. */
  readonly severityMap?: SeverityMap;
  /** Of an alert whose label says none. */
  readonly defaultSeverity: Severity;
  /** Another target, told when a critical stays untold for so long. */
  readonly fallback?: string;
  readonly fallbackAfterMs: number;
  /** Whether an alert that ended before it was delivered is still sent. */
  readonly pageResolved: "never" | "critical" | "always";
  /** Whether it can be told of changes (`change_event="true"`). */
  readonly takesChanges: boolean;
  /** Whether the resolve of an alert never seen before is told. */
  readonly adoptUnknownResolves: boolean;
}
