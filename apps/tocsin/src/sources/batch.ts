import { type Claim, formatPath, type Issue } from "@tocsin/core";

import type { Located } from "../issues.ts";

/** Name of a source that neither its token nor its request names. */
export const defaultSource = "default";

/** Who sent a request, and when it came. */
export interface Received {
  /** Name of the token used, else what the request calls itself. */
  readonly source: string;
  /** Address of the sender; makes the claimant of direct input. */
  readonly sender: string;
  readonly nowMs: number;
}

/** What a request said, in its order. One bad alert costs no other one. */
export interface Batch {
  readonly claims: readonly Claim[];
  /** How many alerts were rejected. */
  readonly rejected: number;
  /** How many alerts the sender says that it left out. */
  readonly truncated: number;
  readonly issues: readonly Issue[];
}

/** Enough to see what is wrong; a body of 20 MiB could hold a million of them. */
const mostIssues = 100;

export function readBatch(alerts: readonly unknown[], read: (alert: unknown) => Claim | readonly Located[]): Batch {
  const claims: Claim[] = [];
  const issues: Issue[] = [];
  let rejected = 0;
  for (const [index, alert] of alerts.entries()) {
    const result = read(alert);
    if (isClaim(result)) {
      claims.push(result);
      continue;
    }
    rejected++;
    for (const { path, message } of result) {
      if (issues.length < mostIssues) issues.push({ path: formatPath(path, `alerts[${index}]`), message });
    }
  }
  return { claims, rejected, truncated: 0, issues };
}

/** A body that is no list of alerts at all. */
export const unreadable = (path: string, message: string): Batch => ({
  claims: [],
  rejected: 1,
  truncated: 0,
  issues: [{ path, message }],
});

const isClaim = (result: Claim | readonly Located[]): result is Claim => !Array.isArray(result);
