import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "@tocsin/http";
import type { FastifyRequest } from "fastify";
import { isLoopbackListener } from "../config/address.ts";
import type { Config, Token } from "../config/config.ts";
import type { Role } from "../config/schema.ts";
import { hostNameOf, isFixedHost } from "../config/host-name.ts";
import { Problem } from "./problem.ts";

export interface Caller {
  /** Name of the token. Undefined: no token is needed. */
  readonly name: string | undefined;
}

export type AuthSettings = Pick<Config["server"], "listen" | "tokens" | "publicUrl" | "allowedHosts">;

/** The tokens and their roles. A reload of the configuration replaces them as a whole. */
export class Auth {
  readonly #tokens: readonly { readonly name: string; readonly digest: Buffer; readonly roles: readonly Role[] }[];
  readonly #ownHosts: ReadonlySet<string>;
  /** Only the address of the listener protects the service. */
  readonly #isLoopbackOnly: boolean;
  #lastAccepted: string | undefined;

  constructor({ listen, tokens, publicUrl, allowedHosts }: AuthSettings) {
    this.#tokens = tokens.map(({ name, value, roles }) => ({ name, digest: digestOf(value), roles }));
    this.#ownHosts = new Set(
      [...(publicUrl === undefined ? [] : [new URL(publicUrl).host]), ...allowedHosts].flatMap(named),
    );
    this.#isLoopbackOnly = tokens.length === 0 && isLoopbackListener(listen.host);
  }

  /**
   * Protects against DNS rebinding: a browser sends requests of another site's page to this machine once that site's name
   * resolves to it, with that name in `Host`. So if no token is needed, only names are accepted that others cannot point to
   * this machine. HTTP/1.0 clients without `Host` are not browsers.
   *
   * @throws Problem 421
   */
  refuseOtherHosts({ headers: { host } }: FastifyRequest): void {
    if (!this.#isLoopbackOnly || host === undefined || host === this.#lastAccepted) return;
    const name = hostNameOf(host);
    if (name === undefined || !(isFixedHost(name) || this.#ownHosts.has(name))) throw wrongHost;
    this.#lastAccepted = host;
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
    if (isLoopback(host) || this.#ownHosts.has(host)) return;
    throw new Problem(403, "forbidden", "requests from pages of other sites are refused");
  }
}

const wrongHost = new Problem(
  421,
  "wrong_host",
  "this service does not accept requests for this host; add it to server.allowedHosts",
);

const named = (host: string): string[] => {
  const name = hostNameOf(host);
  return name === undefined ? [] : [name];
};

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
