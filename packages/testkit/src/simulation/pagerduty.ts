import type { Lease, Outcome } from "@tocsin/core/decisions";
import type { SimulatorAnswer, SimulatorRequest } from "@tocsin/simulator";

/** A lease in PagerDuty's words. The question for a key is a resolve that nobody can have opened. */
export function eventOf(lease: Lease, key: string): SimulatorRequest {
  const { action, dedupKey, severity, summary, token } = lease;
  const event =
    action === "trigger"
      ? { event_action: "trigger", dedup_key: dedupKey, payload: { summary, severity, source: "simulation" } }
      : {
          event_action: action === "check" ? "resolve" : action,
          dedup_key: action === "check" ? `check-${token}` : dedupKey,
        };
  return {
    method: "POST",
    path: "/v2/enqueue",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ routing_key: key, ...event }),
  };
}

/** What an answer means, as the publisher for PagerDuty reads it: by the status alone. */
export function outcomeOf({ status, headers }: SimulatorAnswer): Outcome {
  const detail = `HTTP ${status}`;
  const seconds = Number(headers["retry-after"]);
  const later = { detail, status, ...(Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {}) };
  if (status === 202) return { kind: "accepted", receipt: detail, status };
  if (status === 400) return { kind: "refused", reason: "invalid", detail, suspectKey: true };
  if (status === 401 || status === 403) return { kind: "blocked", state: "unauthorized", reason: "auth", detail };
  if (status === 404 || status === 405) return { kind: "blocked", state: "misconfigured", reason: "invalid", detail };
  if (status === 413 || status === 422) return { kind: "refused", reason: "invalid", detail };
  if (status === 429) return { kind: "retry", reason: "rate_limited", ...later };
  return { kind: status >= 500 ? "ambiguous" : "retry", reason: "server", ...later };
}
