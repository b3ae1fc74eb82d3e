import type { Publisher, Target, TargetTerms } from "@tocsin/core";
import {
  accessIdentity,
  createPublisher,
  credentialIdentity,
  encodeEndpoint,
  endpointIdentity,
  type PublisherOptions,
  type Scope,
} from "@tocsin/publishers";
import type { CredentialVault } from "../ledger/credential-vault.ts";

/** The publisher of an endpoint. */
export interface TypedPublisher {
  readonly publisher: Publisher;
  /** The target's type. */
  readonly type: string;
}

/** The result of compiling one version of a target; kept while that version is in use. */
export interface CompiledTarget {
  readonly endpoint: string;
  readonly publisher: TypedPublisher;
  readonly terms: TargetTerms;
}

export interface TargetCompiler {
  readonly vault: Pick<CredentialVault, "identity" | "seal">;
  readonly publisherOptions: PublisherOptions;
}

/** Creates the publisher of a target, and its terms for the ledger. */
export function compileTarget(
  target: Target,
  scope: Scope,
  { vault, publisherOptions }: TargetCompiler,
): CompiledTarget {
  const endpoint = vault.identity("endpoint", endpointIdentity(target));
  const publisher = createPublisher(target, publisherOptions);
  return {
    endpoint,
    publisher: { publisher, type: target.type },
    terms: termsOf(target, scope, endpoint, publisher, vault),
  };
}

/** Without the fallback, which is known only together with the other targets. */
function termsOf(
  target: Target,
  scope: Scope,
  endpoint: string,
  publisher: Publisher,
  vault: TargetCompiler["vault"],
): TargetTerms {
  const { name, enabled, mode, rateLimit, timeoutMs, pageResolved, adoptUnknownResolves, groupUpdates } = target;
  const { takesChanges } = target;
  return {
    name,
    enabled,
    shadow: mode === "shadow",
    endpoint,
    access: vault.identity("access", accessIdentity(target)),
    credential: vault.identity("credential", credentialIdentity(target, scope)),
    sealed: vault.seal(encodeEndpoint(target)),
    traits: publisher.traits,
    rateLimit,
    timeoutMs,
    pageResolved,
    adoptUnknownResolves,
    groupUpdates,
    takesChanges,
  };
}
