import { createHash, timingSafeEqual } from "node:crypto";

import type { FastifyRequest } from "fastify";

import { isLoopback } from "../config/address.ts";
import type { Token } from "../config/config.ts";
import type { Role } from "../config/schema.ts";
import { Problem } from "./problem.ts";

export interface Entry {
  /** Name of the token used. Undefined where none is needed. */
  readonly name: string | undefined;
}

/** Who may do what. Replaced as a whole when the configuration is read anew. */
export class Gate {
  readonly #tokens: readonly { readonly name: string; readonly digest: Buffer; readonly roles: readonly Role[] }[];
  readonly #ownHosts: ReadonlySet<string>;

  constructor(tokens: readonly Token[], publicUrl?: string) {
    this.#tokens = tokens.map(({ name, value, roles }) => ({ name, digest: digestOf(value), roles }));
    this.#ownHosts = new Set(publicUrl === undefined ? [] : [new URL(publicUrl).hostname]);
  }

  /** @throws Problem 401 or 403 */
  admit(request: FastifyRequest, role: Role): Entry {
    const token = this.authenticate(request);
    if (token === undefined) return { name: undefined };
    if (!token.roles.includes(role)) throw new Problem(403, "forbidden", `the token lacks the role "${role}"`);
    return { name: token.name };
  }

  /**
   * Returns the token that the request presents; undefined where none is needed.
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
    // Digests have one length, and all tokens are compared: time tells nothing of their values, nor which one fits.
    const [token] = this.#tokens.filter((known) => timingSafeEqual(known.digest, digest));
    if (token === undefined) throw new Problem(401, "unauthorized", "the bearer token is not known");
    return token;
  }

  /**
   * Without tokens, being on this machine is all that is asked for, and a page in somebody's browser is: it must not send
   * alerts or resolve incidents. Browsers name the page's site in `Origin`; other clients send none.
   */
  #refuseOtherSites(request: FastifyRequest): void {
    const { origin } = request.headers;
    if (origin === undefined || request.method === "GET" || request.method === "HEAD") return;
    const host = URL.canParse(origin) ? new URL(origin).hostname.replace(/^\[(.*)\]$/, "$1") : "";
    if (isLoopback(host) || this.#ownHosts.has(host)) return;
    throw new Problem(403, "forbidden", "requests from pages of other sites are refused");
  }
}

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
