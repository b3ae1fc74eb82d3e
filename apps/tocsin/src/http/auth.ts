import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "@tocsin/http";
import type { FastifyRequest } from "fastify";
import type { Client, Config, Token } from "../config/config.ts";
import type { Role } from "../config/schema.ts";
import { hostNameOf } from "../config/host-name.ts";
import { AllowedHosts } from "./allowed-hosts.ts";
import { certificateName, certificateNames } from "./certificate-names.ts";
import { Problem } from "./problem.ts";

export interface Caller {
  /** Name of the token or of the client with a certificate. Undefined: neither is needed. */
  readonly name: string | undefined;
}

type Sender = Pick<Token, "name" | "roles"> & { readonly kind: "token" | "client" };

export type AuthSettings = Pick<Config["server"], "listen" | "tokens" | "clients" | "publicUrl" | "allowedHosts">;

/** The tokens and clients, and their roles. A reload of the configuration replaces them as a whole. */
export class Auth {
  readonly #tokens: readonly { readonly name: string; readonly digest: Buffer; readonly roles: readonly Role[] }[];
  readonly #clients: readonly Client[];

  /** Refuses requests for other hosts. */
  readonly allowedHosts: AllowedHosts;

  constructor(settings: AuthSettings) {
    const { tokens } = settings;
    this.#clients = settings.clients;
    this.allowedHosts = new AllowedHosts(settings);
    this.#tokens = tokens.map(({ name, value, roles }) => ({ name, digest: digestOf(value), roles }));
  }

  /** @throws Problem 401 or 403 */
  admit(request: FastifyRequest, role: Role): Caller {
    const sender = this.authenticate(request, { takesBasic: role === "ingest" });
    if (sender === undefined) return { name: undefined };
    if (!sender.roles.includes(role))
      throw new Problem(403, "forbidden", `the ${sender.kind} lacks the role "${role}"`);
    return { name: sender.name };
  }

  /**
   * Returns the token of the request, or without one its client certificate. Undefined: neither is needed. `takesBasic`: the token
   * may also be the password of basic authentication, for senders of alerts that cannot send another header. Other endpoints refuse
   * that, because browsers add a stored password to requests by themselves.
   *
   * @throws Problem 401 or 403
   */
  authenticate(request: FastifyRequest, { takesBasic }: { readonly takesBasic: boolean }): Sender | undefined {
    if (this.#tokens.length + this.#clients.length === 0) {
      this.#refuseOtherSites(request);
      return undefined;
    }
    const presented = presentedBy(request, takesBasic);
    if (presented instanceof Problem) return this.#clientOf(request, presented);
    const { kind, secret } = presented;
    // A browser may add a stored password to a request of another site's page.
    if (kind === "password") this.#refuseOtherSites(request);
    const digest = digestOf(secret);
    // All digests have the same length and all are compared, so the time reveals neither a token's value nor which token
    // matches.
    const [token] = this.#tokens.filter((known) => timingSafeEqual(known.digest, digest));
    if (token !== undefined) return { kind: "token", name: token.name, roles: token.roles };
    throw unauthorized(kind === "password" ? "the password is not a known token" : "the bearer token is not known");
  }

  /**
   * Returns the client that the certificate of the connection names. All entries of the configuration that match add their roles;
   * the first one gives the name. `noToken` is the refusal if certificates are not accepted.
   */
  #clientOf(request: FastifyRequest, noToken: Problem): Sender {
    if (this.#clients.length === 0) throw noToken;
    const names = certificateNames(request.raw?.socket);
    if (names === undefined) throw unauthorized("a client certificate or a bearer token is needed");
    const matching = this.#clients.filter(({ san }) => names.has(certificateName(san)));
    const [first] = matching;
    if (first === undefined) throw unauthorized("no entry of `server.auth.clients` names this client certificate");
    // Unlike a token, a browser sends a certificate also with requests of pages of other sites.
    this.#refuseOtherSites(request);
    return { kind: "client", name: first.name, roles: matching.flatMap(({ roles }) => roles) };
  }

  /**
   * Without tokens, every client that can connect is accepted, also a page of another site in a browser. Such a page must not send
   * alerts or resolve incidents, also not with a stored password or the certificate of the browser. Browsers name the page's site in
   * `Origin`; other clients send none.
   */
  #refuseOtherSites(request: FastifyRequest): void {
    const { origin } = request.headers;
    if (origin === undefined || request.method === "GET" || request.method === "HEAD") return;
    const host = URL.canParse(origin) ? (hostNameOf(new URL(origin).host) ?? "") : "";
    if (isLoopback(host) || this.allowedHosts.isOwn(host)) return;
    throw new Problem(403, "forbidden", "requests from pages of other sites are refused");
  }
}

/** Returns the bearer token or the password of a request, or a 401 that says which of them is needed. */
function presentedBy(
  { headers: { authorization = "" } }: FastifyRequest,
  takesBasic: boolean,
): { readonly kind: "token" | "password"; readonly secret: string } | Problem {
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token !== undefined) return { kind: "token", secret: token };
  const basic = /^basic +(\S+) *$/i.exec(authorization)?.[1];
  if (!takesBasic) {
    return unauthorized(
      basic === undefined
        ? "a bearer token is needed"
        : "a bearer token is needed; basic authentication is accepted only for sending alerts",
    );
  }
  // The user's name, the text before the first colon, may be any.
  const password = basic && /:(.+)$/s.exec(Buffer.from(basic, "base64").toString())?.[1];
  if (!password) return unauthorized("a bearer token is needed, or basic authentication with a token as the password");
  return { kind: "password", secret: password };
}

const unauthorized = (message: string): Problem => new Problem(401, "unauthorized", message);

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
