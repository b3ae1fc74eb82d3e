import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "@tocsin/http";
import type { FastifyRequest } from "fastify";
import type { Config, Token } from "../config/config.ts";
import type { Role } from "../config/schema.ts";
import { hostNameOf } from "../config/host-name.ts";
import { AllowedHosts } from "./allowed-hosts.ts";
import { Problem } from "./problem.ts";

export interface Caller {
  /** Name of the token. Undefined: no token is needed. */
  readonly name: string | undefined;
}

export type AuthSettings = Pick<Config["server"], "listen" | "tokens" | "publicUrl" | "allowedHosts">;

/** The tokens and their roles. A reload of the configuration replaces them as a whole. */
export class Auth {
  readonly #tokens: readonly { readonly name: string; readonly digest: Buffer; readonly roles: readonly Role[] }[];

  /** Refuses requests for other hosts. */
  readonly allowedHosts: AllowedHosts;

  constructor(settings: AuthSettings) {
    const { tokens } = settings;
    this.allowedHosts = new AllowedHosts(settings);
    this.#tokens = tokens.map(({ name, value, roles }) => ({ name, digest: digestOf(value), roles }));
  }

  /** @throws Problem 401 or 403 */
  admit(request: FastifyRequest, role: Role): Caller {
    const token = this.authenticate(request);
    if (token === undefined) return { name: undefined };
    if (!token.roles.includes(role)) throw new Problem(403, "forbidden", `the token lacks the role "${role}"`);
    return { name: token.name };
  }

  /**
   * Returns the token of the request. Undefined: no token is needed.
   *
   * @throws Problem 401 or 403
   */
  authenticate(request: FastifyRequest): Pick<Token, "name" | "roles"> | undefined {
    if (this.#tokens.length === 0) {
      this.#refuseOtherSites(request);
      return undefined;
    }
    const presented = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
    if (presented === undefined) throw new Problem(401, "unauthorized", "a bearer token is needed");
    const digest = digestOf(presented);
    // All digests have the same length and all are compared, so the time reveals neither a token's value nor which token
    // matches.
    const [token] = this.#tokens.filter((known) => timingSafeEqual(known.digest, digest));
    if (token === undefined) throw new Problem(401, "unauthorized", "the bearer token is not known");
    return token;
  }

  /**
   * Without tokens, every client that can connect is accepted, also a page of another site in a browser. It must not send alerts or
   * resolve incidents. Browsers name the page's site in `Origin`; other clients send none.
   */
  #refuseOtherSites(request: FastifyRequest): void {
    const { origin } = request.headers;
    if (origin === undefined || request.method === "GET" || request.method === "HEAD") return;
    const host = URL.canParse(origin) ? (hostNameOf(new URL(origin).host) ?? "") : "";
    if (isLoopback(host) || this.allowedHosts.isOwn(host)) return;
    throw new Problem(403, "forbidden", "requests from pages of other sites are refused");
  }
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
