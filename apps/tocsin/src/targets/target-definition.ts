import type { Issue, ReadSecret } from "@tocsin/core";

/**
 * One target as written, not checked yet. Plain data: last known targets are stored as JSON in the ledger, so the keys must not
 * change. The same object while its content is the same.
 */
export interface TargetDefinition {
  /** The place as operators read it: `targets[2]`, `targets/pager.json`, `tocsin/pagerduty-production`. */
  readonly place: string;
  readonly input: unknown;
  /** Name to use if the definition states none. */
  readonly name?: string;
  /** Kubernetes namespace; part of the target's identity, `namespace/name`. */
  readonly namespace?: string;
  /** Other entries of the same Secret, such as `routing_key`. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Set if it could not be parsed: the reasons. */
  readonly issues?: readonly Issue[];
  /** Set if no earlier version of it may stay in use either, because there is no room for it. */
  readonly withoutLastValid?: true;
  /** Set if it was parsed, but perhaps not as its author meant. */
  readonly warnings?: readonly Issue[];
}

/** The targets of one source, in a stable order. If names are equal, the first target is used, over all sets in their order. */
export interface TargetSet {
  /** `config`, `files` or `kubernetes`; a metric label. */
  readonly source: string;
  readonly targets: readonly TargetDefinition[];
  readonly readSecret: ReadSecret;
}

/** Returns the targets of the configuration file, each with its position in the list as its place. */
export const configTargets = (inputs: readonly unknown[], readSecret: ReadSecret): TargetSet => ({
  source: "config",
  targets: inputs.map((input, index) => ({ place: `targets[${index}]`, input })),
  readSecret,
});

/**
 * Paths of issues start at the root of `tocsin.yaml` for targets written there, otherwise at the target itself; `place` says
 * which.
 */
export const pathOf = (place: string): string => (/^targets\[\d+\]$/.test(place) ? place : "");

/** Returns the path of a target's key. */
export const issuePath = (place: string, key: string): string =>
  [pathOf(place), key].filter((part) => part !== "").join(".");
