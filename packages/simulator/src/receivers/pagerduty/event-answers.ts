import { json } from "../../server/exchange.ts";
import type { SimulatorAnswer, Violation } from "../../server/exchange.ts";

/** The documented bodies of the Events API v2. */
export const accepted = (dedupKey: string): SimulatorAnswer =>
  json(202, { status: "success", message: "Event processed", dedup_key: dedupKey });

export const changeAccepted = (): SimulatorAnswer =>
  json(202, { status: "success", message: "Change event processed" });

export const unparsable = (violation: Violation): SimulatorAnswer =>
  json(400, {
    status: "Unrecognized object",
    message: "Event object format is unrecognized",
    errors: [violation.field === "body" ? violation.reason : `${violation.field} ${violation.reason}`],
  });

export const invalid = (violations: readonly Violation[]): SimulatorAnswer =>
  json(400, {
    status: "invalid event",
    message: "Event object is invalid",
    errors: violations.map((violation) => violation.reason),
  });

export const throttled = (): SimulatorAnswer =>
  json(429, {
    status: "throttle exceeded",
    message: "Requests for this service are arriving too quickly: Request Limit Exceeded",
    errors: ["Back off and try again later."],
  });
