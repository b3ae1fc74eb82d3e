import type { Target } from "@tocsin/core";

/** Any header of a target may hold a credential. */
export const secretsOfTarget = ({ credential, headers, signingSecrets = [], tls, restToken }: Target): string[] => [
  ...(restToken ? [restToken.reveal()] : []),
  ...(tls?.key ? [tls.key.reveal()] : []),
  ...(credential ? [credential.reveal()] : []),
  ...signingSecrets.map((secret) => secret.reveal()),
  ...Object.values(headers).map((value) => value.reveal()),
];
