import type { z } from "zod";
import type { Secret } from "../schema/secret.ts";
import type { Issue } from "../schema/issue.ts";

/**
 * What one kind of receiver asks of its targets. Each publisher brings one; the schema of targets, their JSON Schema and
 * docs derive from the list of them.
 */
export interface TargetType {
  /** The value of `type`, such as `pagerduty`. */
  readonly type: string;
  /** One sentence for the docs. */
  readonly description: string;
  /** What else its users should know, in Markdown. */
  readonly notes: string;
  /** Keys that only this type knows. */
  readonly fields: z.ZodRawShape;
  /** Of a target that says none. `limit: 0` = no limit. */
  readonly rateLimit: { readonly limit: number; readonly perMs: number };
  readonly adoptsUnknownResolves: boolean;
  /** Decides where a target is and with what credential: the one place that does. Paths are relative to the target. */
  readonly locate: (given: EndpointInput) => ResolvedEndpoint;
}

/** What a target says about its place. Secrets were read already and are trimmed; absent ones are blank. */
export interface EndpointInput {
  readonly url: URL | undefined;
  /** Names as written. */
  readonly headers: Readonly<Record<string, Secret>>;
  /** The type's own fields, after validation; secret fields are still references. */
  readonly typeOptions: Readonly<Record<string, unknown>>;
  /** Reads a secret field; adds an issue and gives undefined where that fails. */
  readonly secret: (input: unknown, path: string) => Secret | undefined;
  /** An entry stored beside `target.json` in the same Secret, such as `routing_key`. */
  readonly siblingEntry: (key: string) => Secret | undefined;
}

export interface ResolvedEndpoint {
  readonly url: string;
  readonly credential: Secret | null;
  readonly degraded: boolean;
  /** Whether it can be told of changes. @default false */
  readonly takesChanges?: boolean;
  /** @default nothing is signed */
  readonly signingSecrets?: readonly Secret[];
  /** What the publisher must know besides, without secrets; JSON. @default nothing */
  readonly typeOptions?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}
