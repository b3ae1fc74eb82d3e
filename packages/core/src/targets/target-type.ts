import type { z } from "zod";
import type { Secret } from "../schema/secret.ts";
import type { Issue } from "../schema/issue.ts";

/**
 * The requirements of one kind of receiver for its targets. Each publisher defines one. The schema of targets, their JSON Schema
 * and docs are derived from the list of types.
 */
export interface TargetType {
  /** The value of `type`, such as `pagerduty`. */
  readonly type: string;
  /** One sentence for the docs. */
  readonly description: string;
  /** More information for its users, in Markdown. */
  readonly notes: string;
  /** Keys that only this type has. */
  readonly fields: z.ZodRawShape;
  /** Default for targets without a `rate_limit`. `limit: 0` = no limit. */
  readonly rateLimit: DefaultRateLimit;
  readonly adoptsUnknownResolves: boolean;
  /** Whether targets receive changes by default; `never`: the receiver has no place for an event without an end. */
  readonly changes: boolean | "never";
  /** Decides a target's URL and credential; no other code does. Paths of issues are relative to the target. */
  readonly locate: (given: EndpointInput) => ResolvedEndpoint;
}

interface DefaultRateLimit {
  readonly limit: number;
  readonly perMs: number;
}

/**
 * The parts of a target's input that decide its endpoint. Secrets were read already and are trimmed; a blank one counts as
 * absent.
 */
export interface EndpointInput {
  readonly url: URL | undefined;
  /** By header name as the user wrote it. */
  readonly headers: Readonly<Record<string, Secret>>;
  /** The type's own fields, after validation. Secret fields are still references. */
  readonly typeOptions: Readonly<Record<string, unknown>>;
  /** Reads a secret field. If that fails, adds an issue and returns undefined. */
  readonly secret: (input: unknown, path: string) => Secret | undefined;
  /** An entry stored beside `target.json` in the same Secret, such as `routing_key`. */
  readonly siblingEntry: (key: string) => Secret | undefined;
}

export interface ResolvedEndpoint {
  readonly url: string;
  readonly credential: Secret | null;
  readonly degraded: boolean;
  /** Why this endpoint can receive no changes, although others of its type can. Absent: it can. */
  readonly whyNoChanges?: string;
  /** Default for this endpoint. @default the one of its type */
  readonly rateLimit?: DefaultRateLimit;
  /** @default nothing is signed */
  readonly signingSecrets?: readonly Secret[];
  /** For reading the receiver's API. It is never needed to send an event. @default it is not read */
  readonly restToken?: Secret;
  /** Further JSON data for the publisher, without secrets. @default nothing */
  readonly typeOptions?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}
