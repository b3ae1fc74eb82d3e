import type { Labels } from "../alerts/labels.ts";

/** A page about a change, such as the pull request or the run of the pipeline. */
export interface ChangeLink {
  /** An absolute `http:` or `https:` URL. */
  readonly href: string;
  readonly text?: string;
}

/**
 * A change that takes time begins as `running` and ends as `complete` or `failed`. Targets receive it once: at its end, or ten
 * minutes after it was accepted, as still running.
 */
export type ChangeState = "running" | "complete" | "failed";

/**
 * Something that was done on purpose: a deployment, a release, a scaling, a change of configuration. It has no severity and no
 * end, and pages no one.
 */
export interface Change {
  /** Identity within `origin`: the same id twice is one change. */
  readonly id: string;
  /**
   * The sender that reported it: the name of its token, client or change source, `rollouts` for the watcher of Kubernetes; without
   * tokens and clients the `?source=` of the request, else `default`. It is the scope of `id`.
   */
  readonly origin: string;
  /** One line, not blank. Receivers get the first 1,024 code points. */
  readonly summary: string;
  /** The place where it happened: a host, a service, a repository, a cluster. */
  readonly source: string;
  /** When it happened, or began. Wall clock, ms since epoch. The ledger replaces a time in the future by its own time. */
  readonly timestampMs: number;
  readonly environment?: string;
  /** Labels as alerts have them: they decide about filters and related incidents. May be empty. */
  readonly labels: Labels;
  /** Any JSON. Receivers get it unchanged. */
  readonly customDetails?: unknown;
  readonly links: readonly ChangeLink[];
  /** Only for changes that take time, such as a rollout. Absent: it is over. */
  readonly state?: ChangeState;
}

/** The labels of a change, and its environment as the label `environment`, unless it has such a label. */
export const labelsOfChange = ({ labels, environment }: Pick<Change, "labels" | "environment">): Labels =>
  environment === undefined || labels["environment"] ? labels : { ...labels, environment };

/** The fingerprints of changes, in the order in which fingerprints are listed: those after `prefix` and before `end`. */
export const changeFingerprints = { prefix: "tocsin-change-", end: "tocsin-change-g" } as const;

export const isChangeFingerprint = (fingerprint: string): boolean => fingerprint.startsWith(changeFingerprints.prefix);
