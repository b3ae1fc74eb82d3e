import { parseInstant } from "../ingest/instant.ts";
import { badRequest } from "./problem.ts";

/** Returns the time of a query parameter, ms. @throws Problem 400 */
export function instantOf(text: string, path: string): number {
  const ms = parseInstant(text);
  if (typeof ms === "number") return ms;
  throw badRequest({ path, message: 'expected a time such as "2026-01-31T12:00:00Z"' });
}
