import type { Endpoint } from "@tocsin/core";

/*
 * Three identities of where a target sends, each for a question of its own. All are in clear: hash them with a key before they are
 * shown or kept.
 */

/**
 * Where incidents are, so that all events of one go to the same place: type, URL, credential, and what its type knows besides,
 * such as a channel. Headers and signing secrets say who speaks and are rotated while incidents are open.
 */
export function endpointIdentity({ type, url, credential, typeOptions: own }: Endpoint): string {
  const besides = Object.keys(own).length > 0 ? [own] : [];
  return JSON.stringify([type, url, credential?.reveal() ?? null, ...besides]);
}

/** What a receiver may refuse (401, 403, 404, 405): the endpoint with everything that authenticates there. */
export function accessIdentity(endpoint: Endpoint): string {
  const { headers, signingSecrets = [] } = endpoint;
  const signatures = signingSecrets.map((secret) => secret.reveal());
  return JSON.stringify([endpointIdentity(endpoint), sortedHeaders(headers), signatures]);
}

/** Where a target was written. */
export interface Scope {
  readonly source: string;
  readonly namespace?: string;
}

/**
 * What a receiver counts attempts by: the credential, whatever the URL. Where a target has none of its own, the URL with its
 * query and all headers, since any of them may be one; without these too, targets of one scope share a limit and others do not,
 * so that nobody can use up the limit of somebody else by knowing a URL.
 */
export function credentialIdentity({ type, url, credential, headers }: Endpoint, scope: Scope): string {
  if (credential) return JSON.stringify([type, credential.reveal()]);
  const sent = sortedHeaders(headers);
  if (sent.length > 0 || url.includes("?")) return JSON.stringify([type, "url", url, sent]);
  return JSON.stringify([type, "url", url, "scope", scope.source, scope.namespace ?? null]);
}

const sortedHeaders = (headers: Endpoint["headers"]): string[][] =>
  Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.reveal()])
    .toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1));
