import type { Alert } from "@tocsin/core";
import type { CanaryRound } from "./canary-round.ts";

/** Builds the alert of a round. It is critical, so that it takes the way of a page. */
export const canaryAlert = ({ target, fingerprint, startedAtMs }: CanaryRound): Alert => ({
  fingerprint,
  labels: { alertname: "TocsinCanary", severity: "critical", tocsin_canary: "true" },
  annotations: {
    summary: `Tocsin canary: checks that pages arrive at ${target}. Ignore it`,
    description: "Tocsin sends this incident at regular intervals and resolves it within minutes. It is no problem.",
  },
  startsAtMs: startedAtMs,
});
