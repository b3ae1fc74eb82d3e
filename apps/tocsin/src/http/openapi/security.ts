import type { Endpoint } from "../endpoint.ts";

/** The ways to prove who sends a request. Without `server.auth` in the configuration none is needed. */
export const securitySchemes = {
  bearer: { type: "http", scheme: "bearer", description: "A token of `server.auth.tokens`." },
  basic: {
    type: "http",
    scheme: "basic",
    description:
      "A token of `server.auth.tokens` as the password, with any user name. Only to send alerts and changes.",
  },
  cookie: {
    type: "apiKey",
    in: "cookie",
    name: "tocsin_session",
    description:
      "The session of a browser, from `POST /api/v1/session`. Over HTTPS its name begins with `__Host-`, or with `__Secure-` if the service has a base path.",
  },
  mutualTLS: { type: "mutualTLS", description: "A client certificate that `server.auth.clients` names." },
};

/** Returns alternatives: one of them is enough. Each names the role that the token or client needs. */
export function securityOf(role: Endpoint["role"]): Readonly<Record<string, readonly string[]>>[] {
  if (role === "open") return [];
  const schemes = ["bearer", ...(role === "ingest" ? ["basic"] : []), "cookie", "mutualTLS"];
  return schemes.map((scheme) => ({ [scheme]: [role] }));
}
