import type { Claim, ClaimState } from "@tocsin/core/decisions";

type Claims = Readonly<Record<string, ClaimState>>;

/** Claims that one alert may have. More senders of one alert are restarts under new addresses, or an attack. */
const maxClaims = 32;

/** The claim of all direct senders that came while every other one was taken by a sender that fires. */
const sharedKey = "\0senders";

/** A webhook is one claim per source; direct input is one per source, address and origin of `generatorURL`. */
const keyOf = ({ source, sender, origin }: Pick<Claim, "source" | "sender" | "origin">): string => {
  if (sender === undefined) return source;
  return origin === undefined ? `${source}\0${sender}` : `${source}\0${sender}\0${origin}`;
};

export interface ClaimPlace {
  readonly key: string;
  readonly previous: ClaimState | undefined;
  /** The claims of the alert, without one that gave up its place. */
  readonly claims: Claims;
}

/**
 * Where a claim belongs among those of its alert. If there is no place left for a new claimant, the resolved claim that was
 * silent for longest gives up its own. If all of them fire, new direct senders share a claim: they repeat every minute, and
 * the rule for one claim allows for several senders, so no firing is lost. A webhook that fires is repeated hours later, so it
 * keeps a claim of its own even then.
 */
export function placeOfClaim(claims: Claims, claim: Pick<Claim, "source" | "sender" | "origin">): ClaimPlace {
  const key = keyOf(claim);
  if (Object.hasOwn(claims, key)) return { key, previous: claims[key], claims };
  const shared = claims[sharedKey];
  if (claim.sender !== undefined && shared !== undefined && isActive(shared))
    return { key: sharedKey, previous: shared, claims };
  const own = Object.keys(claims).filter((one) => one !== sharedKey);
  if (own.length < maxClaims - 1) return { key, previous: undefined, claims };
  const spare = longestSilent(claims, own);
  if (spare !== undefined) {
    const { [spare]: _, ...others } = claims;
    return { key, previous: undefined, claims: others };
  }
  return claim.sender === undefined
    ? { key, previous: undefined, claims }
    : { key: sharedKey, previous: shared, claims };
}

/** It fires, or will if nothing cancels it. */
const isActive = ({ status, heldUntilMs }: ClaimState): boolean => status === "firing" || heldUntilMs !== undefined;

function longestSilent(claims: Claims, keys: readonly string[]): string | undefined {
  let spare: string | undefined;
  for (const key of keys) {
    const state = claims[key] as ClaimState;
    if (isActive(state)) continue;
    if (spare === undefined || state.heardAtMs < (claims[spare] as ClaimState).heardAtMs) spare = key;
  }
  return spare;
}
