import type { Issue, ReadSecret } from "@tocsin/core";
import type { SourcePosition } from "./source-positions.ts";

export interface PlacedIssue extends Issue {
  readonly place?: SourcePosition;
  /** Set if the issue is in another file than the configuration. */
  readonly file?: string;
}

/** The targets as written in a configuration, not checked. */
export interface WrittenTargets {
  readonly targets: readonly unknown[];
  readonly readSecret: ReadSecret;
  /** Returns the position at which a path of the configuration was written. */
  readonly placeOf: (path: string) => SourcePosition | undefined;
}

/** All mistakes of a configuration, without those of its targets. The CLI prints them and exits with code 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly issues: readonly PlacedIssue[];
  readonly #targets: WrittenTargets | undefined;

  constructor(issues: readonly PlacedIssue[], file?: string, targets?: WrittenTargets) {
    super(issues.map((issue) => describeIssue(issue, file)).join("\n"));
    this.issues = issues;
    this.#targets = targets;
  }

  /**
   * For a check, which reports the mistakes of the targets too. Undefined: there is no list of targets. They may hold secrets, so no
   * logger may find them among the fields of the error.
   */
  get targets(): WrittenTargets | undefined {
    return this.#targets;
  }
}

/** `tocsin.yaml:12:3: delivery.retry.max: must not be shorter than …`: editors can jump to this position. */
export const describeIssue = (issue: PlacedIssue, configuration = "configuration"): string => {
  const { path, message, place, file = configuration } = issue;
  return `${file}${place ? `:${place.line}:${place.column}` : ""}: ${path === "" ? "" : `${path}: `}${message}`;
};
