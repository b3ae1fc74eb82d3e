import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "@tocsin/http";
import type { FastifyRequest } from "fastify";
import type { Client, Config, Token } from "../config/config.ts";
import type { Role } from "../config/schema.ts";
import { hostNameOf } from "../config/host-name.ts";
import { AllowedHosts } from "./allowed-hosts.ts";
import { BrowserSessions, type SessionParts } from "./browser-sessions.ts";
import { certificateName, certificateNames } from "./certificate-names.ts";
import { Problem } from "./problem.ts";

export interface Caller {
  /** Name of the token or of the client with a certificate. Undefined: neither is needed. */
  readonly name: string | undefined;
  /** Absent: neither is needed, and everything is permitted. */
  readonly roles?: readonly Role[];
}

type Sender = Pick<Token, "name" | "roles"> & { readonly kind: "token" | "client" };

interface KnownToken {
  readonly name: string;
  readonly digest: Buffer;
  readonly roles: readonly Role[];
}

export type AuthSettings = Pick<Config["server"], "listen" | "tokens" | "clients" | "publicUrl" | "allowedHosts">;

/** The tokens and clients, and their roles. A reload of the configuration replaces them as a whole. */
export class Auth {
  readonly #tokens: readonly KnownToken[];
  readonly #clients: readonly Client[];

  /** Undefined: people cannot log in. */
  readonly #sessions: BrowserSessions | undefined;

  /** Refuses requests for other hosts. */
  readonly allowedHosts: AllowedHosts;

  constructor(settings: AuthSettings, sessions?: SessionParts) {
    const { tokens, publicUrl } = settings;
    this.#clients = settings.clients;
    this.allowedHosts = new AllowedHosts(settings);
    this.#tokens = tokens.map(({ name, value, roles }) => ({ name, digest: digestOf(value), roles }));
    this.#sessions = sessions && new BrowserSessions({ ...sessions, publicUrl, allowedHosts: this.allowedHosts });
  }

  /** Whether requests need a token or a client certificate. */
  get isNeeded(): boolean {
    return this.#tokens.length + this.#clients.length > 0;
  }

  /**
   * Returns the header `Set-Cookie` of a new session. Undefined: no login is needed.
   *
   * @throws Problem 401, 403 or 421
   */
  login(request: FastifyRequest, value: string): string | undefined {
    if (!this.isNeeded || this.#sessions === undefined) return undefined;
    this.#sessions.refuseLogin(request);
    const token = this.#tokenOf(value);
    if (token === undefined) throw unauthorized("the token is not known");
    return this.#sessions.start(request, token);
  }

  /** Says why no login is possible over the connection of this request. Undefined: it is possible, or not needed. */
  loginRefusal(request: FastifyRequest): string | undefined {
    if (!this.isNeeded) return undefined;
    try {
      this.#sessions?.refuseLogin(request);
      return undefined;
    } catch (error) {
      if (error instanceof Problem) return error.message;
      throw error;
    }
  }

  /**
   * Returns the header `Set-Cookie` that ends the session.
   *
   * @throws Problem 403 or 421
   */
  logout(request: FastifyRequest): string | undefined {
    return this.#sessions?.end(request);
  }

  /** @throws Problem 401 or 403 */
  admit(request: FastifyRequest, role: Role): Caller {
    const sender = this.authenticate(request, { takesBasic: role === "ingest" });
    if (sender === undefined) return { name: undefined };
    if (!sender.roles.includes(role))
      throw new Problem(403, "forbidden", `the ${sender.kind} lacks the role "${role}"`);
    return { name: sender.name, roles: sender.roles };
  }

  /**
   * Returns the token of the request, or without one that of its session, or its client certificate. Undefined: none is needed. `takesBasic`: the token
   * may also be the password of basic authentication, for senders of alerts that cannot send another header. Other endpoints refuse
   * that, because browsers add a stored password to requests by themselves.
   *
   * @throws Problem 401 or 403, or 421 for a session at another host
   */
  authenticate(request: FastifyRequest, { takesBasic }: { readonly takesBasic: boolean }): Sender | undefined {
    if (!this.isNeeded) {
      this.#refuseOtherSites(request);
      return undefined;
    }
    const presented = presentedBy(request, takesBasic);
    if (presented instanceof Problem) {
      const loggedIn = this.#sessions?.tokenOf(request, this.#tokens);
      if (loggedIn !== undefined) return { kind: "token", name: loggedIn.name, roles: loggedIn.roles };
      return this.#clientOf(request, presented);
    }
    const { kind, secret } = presented;
    // A browser may add a stored password to a request of another site's page.
    if (kind === "password") this.#refuseOtherSites(request);
    const token = this.#tokenOf(secret);
    if (token !== undefined) return { kind: "token", name: token.name, roles: token.roles };
    throw unauthorized(kind === "password" ? "the password is not a known token" : "the bearer token is not known");
  }

  #tokenOf(value: string): KnownToken | undefined {
    const digest = digestOf(value);
    // All digests have the same length and all are compared, so the time reveals neither a token's value nor which token
    // matches.
    const [token] = this.#tokens.filter((known) => timingSafeEqual(known.digest, digest));
    return token;
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
