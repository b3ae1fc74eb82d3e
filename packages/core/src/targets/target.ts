import type { Filter } from "../filters/compile-filters.ts";
import type { Secret } from "../schema/secret.ts";
import type { Severity, SeverityMap } from "../alerts/severity.ts";
import type { RateLimit } from "../ports/ledger/target-terms.ts";
import type { Template } from "./template.ts";

/** The TLS settings of connections to a receiver. All texts are PEM. */
export interface EndpointTls {
  /** Authorities to trust instead of the well-known ones. */
  readonly ca?: Secret;
  /** Our certificate for mutual TLS, followed by its intermediates, and its key. Both are set or none. */
  readonly cert?: Secret;
  readonly key?: Secret;
  /** The name that the receiver's certificate must have. Absent: the host of the URL. */
  readonly serverName?: string;
}

/** Everything needed to send events to one target. The ledger keeps it, encrypted, while an incident is open there (I6). */
export interface Endpoint {
  readonly name: string;
  /** Selects the publisher. */
  readonly type: string;
  /** Base URL, without the API path and without credentials. For a degraded target, the URL as the user wrote it. */
  readonly url: string;
  /** Null: there is none, or it is in the headers. */
  readonly credential: Secret | null;
  /** The target has no credential of its own, so it gets the simplest kind of request: a proxy must add the credential. */
  readonly degraded: boolean;
  /** Sent with every request. Any of them may be a credential. */
  readonly headers: Readonly<Record<string, Secret>>;
  /**
   * Every request is signed with each of these secrets. They identify the sender, not the receiver. After a rotation, the new
   * ones also sign events of incidents that were opened before.
   */
  readonly signingSecrets?: readonly Secret[];
  /**
   * They identify the sender and the server, not the place of an incident. After a rotation, the new ones are also used for
   * incidents that were opened before. Absent: the well-known authorities, and no certificate of our own.
   */
  readonly tls?: EndpointTls;
  /** The target was found in a Kubernetes Secret, which the operator did not write. Absent: the operator wrote the target. */
  readonly fromSecret?: true;
  /** JSON data that only this type has, without secrets, such as the channel that a bot posts to. */
  readonly typeOptions: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** Added to the event's details; `runbook_base_url` makes links. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly template: Template;
}

/** One configured place that receives alerts: a valid and compiled `target.json`. */
export interface Target extends Endpoint {
  readonly format: string;
  readonly enabled: boolean;
  /**
   * For reading the receiver's API, which only looks things up. It is not part of the endpoint, since no event needs it. Absent:
   * the API is not read.
   */
  readonly restToken?: Secret;
  readonly mode: "live" | "shadow";
  /** An alert must pass all of them. */
  readonly filters: readonly Filter[];
  /** Whether an alert that a trusted classification calls noise is not sent. */
  readonly excludeNoise: boolean;
  /** Classifications with less confidence count as none here, 0 to 1. Absent: all count. */
  readonly minConfidence?: number;
  /** A first page waits for its classification, although that cannot change its severity. */
  readonly waitsForClassification: boolean;
  readonly rateLimit: RateLimit;
  /** Alerts with equal values of these labels share one incident. Empty: each alert has its own. `...` means all labels. */
  readonly groupBy: readonly string[];
  /** Whether a change of an incident's members is sent. */
  readonly groupUpdates: boolean;
  /** This target's words for severities in labels, in addition to the common ones. */
  readonly severityMap?: SeverityMap;
  /** Severity of an alert whose labels state none. */
  readonly defaultSeverity: Severity;
  /** Another target, which also receives a critical that is still not delivered after `fallbackAfterMs`. */
  readonly fallback?: string;
  readonly fallbackAfterMs: number;
  /** The receiver must confirm an accepted critical within this time. Absent: it need not. */
  readonly confirmWithinMs?: number;
  /** Whether an alert that ended before it was delivered is still sent. */
  readonly pageResolved: "never" | "critical" | "always";
  /** Whether it receives changes. */
  readonly takesChanges: boolean;
  /** Why it can receive none. Absent: it could, and its `changes` decides. */
  readonly whyNoChanges?: string;
  /** Pages show the related changes of this time before the alert began, ms. 0: none. */
  readonly includeChangesMs: number;
  /** Whether the resolve of an alert never seen before is sent. */
  readonly adoptUnknownResolves: boolean;
}
