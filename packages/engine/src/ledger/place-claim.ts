import type { Claim, ClaimState } from "@tocsin/core/decisions";

type Claims = Readonly<Record<string, ClaimState>>;

/** How many claims one alert may have. More senders of one alert are restarts under new addresses, or an attack. */
const maxClaims = 32;

/** The claim that direct senders share if they arrive while all other claims belong to senders that fire. */
const sharedKey = "\0senders";

/** A webhook has one claim per source. Direct input has one per source, address and origin of `generatorURL`. */
const keyOf = ({ source, sender, origin }: Pick<Claim, "source" | "sender" | "origin">): string => {
  if (sender === undefined) return source;
  return origin === undefined ? `${source}\0${sender}` : `${source}\0${sender}\0${origin}`;
};

export interface ClaimPlace {
  readonly key: string;
  readonly previous: ClaimState | undefined;
  /** The claims of the alert, without the one that was replaced. */
  readonly claims: Claims;
}

/**
 * Finds the place of a claim among those of its alert. If no place is left for a new claimant, the new claim replaces the resolved
 * claim that was silent for the longest time. If all of them fire, new direct senders share a claim: they repeat every minute,
 * and the rule for one claim allows for several senders, so no firing is lost. A webhook repeats a firing only hours later, so
 * it gets a claim of its own even then.
 */
export function placeClaim(claims: Claims, claim: Pick<Claim, "source" | "sender" | "origin">): ClaimPlace {
  const key = keyOf(claim);
  if (Object.hasOwn(claims, key)) return { key, previous: claims[key], claims };
  const shared = claims[sharedKey];
  if (claim.sender !== undefined && shared !== undefined && isActive(shared))
    return { key: sharedKey, previous: shared, claims };
  const own = Object.keys(claims).filter((one) => one !== sharedKey);
  if (own.length < maxClaims - 1) return { key, previous: undefined, claims };
  const spare = maxSilent(claims, own);
  if (spare !== undefined) {
    const { [spare]: _, ...others } = claims;
    return { key, previous: undefined, claims: others };
  }
  return claim.sender === undefined
    ? { key, previous: undefined, claims }
    : { key: sharedKey, previous: shared, claims };
}

/** It fires, or will unless a resolve cancels it. */
const isActive = ({ status, heldUntilMs }: ClaimState): boolean => status === "firing" || heldUntilMs !== undefined;

/** The key of the resolved claim that was silent for the longest time. */
function maxSilent(claims: Claims, keys: readonly string[]): string | undefined {
  let spare: string | undefined;
  for (const key of keys) {
    const state = claims[key] as ClaimState;
    if (isActive(state)) continue;
    if (spare === undefined || state.heardAtMs < (claims[spare] as ClaimState).heardAtMs) spare = key;
  }
  return spare;
}
