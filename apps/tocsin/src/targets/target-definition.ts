import type { Issue, ReadSecret } from "@tocsin/core";

/** One target as somebody wrote it, not yet judged. Plain data; the same object for as long as it says the same. */
export interface TargetDefinition {
  /** Where, for people: `targets[2]`, `targets/pager.json`, `tocsin/pagerduty-production`. */
  readonly place: string;
  readonly input: unknown;
  /** Name of one that says none. */
  readonly name?: string;
  /** Of Kubernetes; part of its identity, `namespace/name`. */
  readonly namespace?: string;
  /** Other entries of the same Secret, such as `routing_key`. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Why it could not even be read. */
  readonly issues?: readonly Issue[];
  /** No earlier version of it stays in use either: there is no room for it. */
  readonly withoutLastValid?: true;
  /** It was read, but perhaps not as meant. */
  readonly warnings?: readonly Issue[];
}

/** Targets of one origin, in an order that stays. Of equal names the first holds, over all sets in their order. */
export interface TargetSet {
  /** `config`, `files` or `kubernetes`; a label of metrics. */
  readonly source: string;
  readonly targets: readonly TargetDefinition[];
  readonly readSecret: ReadSecret;
}

/** Those of the configuration file, each at its place in the list. */
export const configTargets = (inputs: readonly unknown[], readSecret: ReadSecret): TargetSet => ({
  source: "config",
  targets: inputs.map((input, index) => ({ place: `targets[${index}]`, input })),
  readSecret,
});

/** Paths begin in `tocsin.yaml` for what is written there, else in the target itself; `place` says which. */
export const pathOf = (place: string): string => (/^targets\[\d+\]$/.test(place) ? place : "");

/** The path of a target's key. */
export const issuePath = (place: string, key: string): string =>
  [pathOf(place), key].filter((part) => part !== "").join(".");
