import { targetPath } from "../routing/parse-route.ts";
import { withQuery } from "../routing/with-query.ts";

export interface ProblemLink {
  readonly text: string;
  readonly path: string;
}

/** The screen that shows a problem in detail. Undefined: no screen does. */
export function problemLink(condition: string, object: string): ProblemLink | undefined {
  if (/dead/.test(condition)) return { text: "Dead letters", path: withQuery("deadletters", { target: object }) };
  if (/undelivered|critical|waiting/.test(condition))
    return { text: "Incidents", path: withQuery("incidents", { target: object, state: "due" }) };
  return condition.startsWith("target_") ? { text: "Target", path: targetPath(object) } : undefined;
}
