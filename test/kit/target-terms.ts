import type { RateLimit, ReceiverTraits, TargetTerms } from "@tocsin/core";

export const pagerdutyTraits: ReceiverTraits = { dropsUnknownResolves: true, acknowledges: true };
/** Such as a webhook: it remembers no earlier event. */
export const forgetfulTraits: ReceiverTraits = { dropsUnknownResolves: false, acknowledges: false, stateless: true };

export type ReceiverType = "pagerduty" | "rootly" | "alertmanager" | "slack" | "webhook";

/** By type of target, as its publisher has them, but that nothing is forgotten. */
export const receiverTraits: Readonly<Record<ReceiverType, ReceiverTraits>> = {
  pagerduty: pagerdutyTraits,
  rootly: { dropsUnknownResolves: false, acknowledges: true },
  alertmanager: { dropsUnknownResolves: true, acknowledges: false },
  slack: { ...forgetfulTraits, acknowledges: true },
  webhook: { ...forgetfulTraits, acknowledges: true },
};

/** PagerDuty's: 120 calls in 60 s, a fifth of them kept for criticals. */
export const pagerdutyLimit: RateLimit = {
  limit: 120,
  perMs: 60_000,
  algorithm: "sliding_window",
  burst: 10,
  reserve: 0.2,
};

export const noLimit: RateLimit = { ...pagerdutyLimit, limit: 0 };

/** A target as the ledger knows it: its own key, no limit. */
export function targetTerms(name: string, terms: Partial<TargetTerms> = {}): TargetTerms {
  return {
    name,
    enabled: true,
    shadow: false,
    endpoint: `${name} at ${terms.credential ?? `${name}'s key`}`,
    access: `${name} with ${terms.credential ?? `${name}'s key`}`,
    credential: `${name}'s key`,
    sealed: `sealed ${name}`,
    traits: pagerdutyTraits,
    rateLimit: noLimit,
    timeoutMs: 10_000,
    pageResolved: "never",
    adoptUnknownResolves: true,
    ...terms,
  };
}
