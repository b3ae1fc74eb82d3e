import type { DatedProblem } from "../../health/health.ts";
import type { Endpoint } from "../endpoint.ts";
import { isoTime } from "../iso-time.ts";

export const healthEndpoints = (health: { problems(): Promise<readonly DatedProblem[]> }): Endpoint[] => [
  {
    method: "GET",
    path: "/api/v1/health",
    role: "read",
    does: "lists the current problems, the most urgent first, each with its fix",
    async answer() {
      const problems = await health.problems();
      return { ok: problems.length === 0, problems: problems.map(problemBody) };
    },
  },
];

/** `since`: when it began; with `noticed` that is unknown, and it is when this process first found it. */
export const problemBody = ({ condition, severity, object, summary, sinceMs, noticed, fix }: DatedProblem) => ({
  condition,
  severity,
  object,
  summary,
  since: isoTime(sinceMs),
  ...(noticed && { noticed }),
  fix,
});
