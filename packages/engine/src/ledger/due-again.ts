import type { Incident } from "@tocsin/core/decisions";

/** The incident, due now, as if no attempt had failed. */
export const dueAgain = (incident: Incident, nowMs: number): Incident => ({
  ...incident,
  state: "due",
  failures: 0,
  retriedForMs: 0,
  dueAtMs: nowMs,
});
