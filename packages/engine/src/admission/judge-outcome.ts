import { type AttemptReason, type Flight, type Outcome, throttledWaitMs } from "@tocsin/core/decisions";
import { answered, failed } from "./breaker.ts";
import type { GatedTarget, Gates } from "./gates.ts";
import { throttled, unpaused } from "./throttle.ts";

/** Applies an attempt's outcome to the breaker of its target, the block of its access and the pause of its credential. */
export function judgeOutcome(
  gates: Gates,
  target: GatedTarget,
  attempt: { readonly incident: number; readonly flight: Flight; readonly outcome: Outcome },
  nowMs: number,
): void {
  const { incident, flight, outcome } = attempt;
  const { name, access, credential } = target;
  const { token } = flight;
  if (outcome.kind === "interrupted") return gates.freeProbes(target, token);
  // A shadow sends nothing, so no receiver answered.
  if (flight.shadow && outcome.kind === "accepted") return;

  const breaker = gates.breaker(name);
  gates.putBreaker(name, isInfrastructure(outcome) ? failed(breaker, incident, token, nowMs) : answered(breaker));

  // An attempt that began before its credential or headers changed says nothing about the new ones.
  if (gates.blocks.isOutdated(access, flight.sinceMs)) gates.freeProbes(target, token);
  else if (outcome.kind === "blocked") gates.blocks.begin(access, outcome.state, outcome.detail, nowMs);
  else if (outcome.kind === "refused" && flight.action === "check")
    gates.blocks.begin(access, "unauthorized", outcome.detail, nowMs);
  else if (outcome.kind === "accepted") gates.blocks.end(access, nowMs);
  else gates.freeProbes(target, token);

  const throttle = gates.throttle(credential);
  if ("reason" in outcome && outcome.reason === "rate_limited") {
    const waitMs = ("retryAfterMs" in outcome ? outcome.retryAfterMs : undefined) ?? throttledWaitMs;
    const limit = gates.fullLimit(credential);
    gates.putThrottle(credential, throttled(throttle, { startedAtMs: flight.sinceMs, nowMs, waitMs, limit }));
  } else if (!isInfrastructure(outcome)) gates.putThrottle(credential, unpaused(throttle, flight.sinceMs));
}

const infrastructure: ReadonlySet<AttemptReason> = new Set(["server", "network", "timeout", "tls"]);

/** Only these say that the receiver is down. A receiver that answers 429 or 4xx works. */
const isInfrastructure = (outcome: Outcome): boolean => "reason" in outcome && infrastructure.has(outcome.reason);
