import type { Issue } from "@tocsin/core";
import type { SourcePosition } from "./source-positions.ts";

export interface PlacedIssue extends Issue {
  readonly place?: SourcePosition;
  /** Set if the issue is in another file than the configuration. */
  readonly file?: string;
}

/** All mistakes of a configuration. The CLI prints them and exits with code 78. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly issues: readonly PlacedIssue[];

  constructor(issues: readonly PlacedIssue[], file?: string) {
    super(issues.map((issue) => describeIssue(issue, file)).join("\n"));
    this.issues = issues;
  }
}

/** `tocsin.yaml:12:3: delivery.retry.max: must not be shorter than …`: editors can jump to this position. */
export const describeIssue = (issue: PlacedIssue, configuration = "configuration"): string => {
  const { path, message, place, file = configuration } = issue;
  return `${file}${place ? `:${place.line}:${place.column}` : ""}: ${path === "" ? "" : `${path}: `}${message}`;
};
