import type { Endpoint } from "@tocsin/core";

/*
 * Three identities of the place that a target sends to, each for another question. All are in clear: hash them with a key before they are
 * shown or kept.
 */

/**
 * The place of an incident, so that all its events go to the same place: type, URL, credential, and options of the type,
 * such as a channel. Headers, signing secrets and TLS settings are not part of it: they name the sender and are rotated while
 * incidents are open.
 */
export function endpointIdentity({ type, url, credential, typeOptions: own }: Endpoint): string {
  const besides = Object.keys(own).length > 0 ? [own] : [];
  return JSON.stringify([type, url, credential?.reveal() ?? null, ...besides]);
}

/** The place that a receiver may refuse (401, 403, 404, 405): the endpoint with everything that authenticates there. */
export function accessIdentity(endpoint: Endpoint): string {
  const { headers, signingSecrets = [], tls } = endpoint;
  const signatures = signingSecrets.map((secret) => secret.reveal());
  const certificate = tls?.cert === undefined ? [] : [tls.cert.reveal()];
  return JSON.stringify([endpointIdentity(endpoint), sortedHeaders(headers), signatures, ...certificate]);
}

/** The file or namespace that defines a target. */
export interface Scope {
  readonly source: string;
  readonly namespace?: string;
}

/**
 * The identity by which a receiver counts attempts: the credential, whatever the URL. For a target without a credential, the URL with its
 * query and all headers, since any of them may be a credential. Without these too, only targets of one scope share a limit,
 * so that knowing a URL is not enough to use up the limit of another tenant.
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
