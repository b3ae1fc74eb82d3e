import type { ReceiverEvent } from "@tocsin/core";
import { epochMs } from "./claims.ts";

let events = 0;

/** An event of a person at PagerDuty about the incident with the key `a`, except for the fields that a test sets. */
export const receiverEventOf = (given: Partial<ReceiverEvent> = {}): ReceiverEvent => ({
  id: `event-${++events}`,
  callback: "pd",
  targets: ["pagerduty"],
  kind: "acknowledged",
  dedupKeys: ["a"],
  by: "Jane Doe",
  own: false,
  atMs: epochMs,
  onResolve: "reopen",
  lookUp: false,
  ...given,
});
