import { formatPath, type Issue } from "@tocsin/core";
import type { LocatedIssue } from "./located-issue.ts";

/** Maximum number of issues that are reported: enough to see what is wrong. */
const maxIssues = 100;

/** After this many rejected alerts, the problems of further ones are not determined. */
const maxExamined = 1_000;

/** Counts the invalid alerts of a request and reports what is wrong with them. The valid ones are recorded all the same. */
export class RejectedAlerts {
  readonly issues: Issue[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** `index`: the alert's place in the request. */
  add(index: number, problems: readonly LocatedIssue[]): void {
    if (++this.#count > maxExamined) return;
    for (const { path, message } of problems) {
      if (this.issues.length >= maxIssues) return;
      this.issues.push({ path: formatPath(path, `alerts[${index}]`), message });
    }
  }

  /** Rejects a body that is not a list of alerts. */
  addBody(issue: Issue): void {
    this.#count = 1;
    this.issues.push(issue);
  }
}
