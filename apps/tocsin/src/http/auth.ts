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
    const token = this.authenticate(request, { takesBasic: role === "ingest" });
    if (token === undefined) return { name: undefined };
    if (!token.roles.includes(role)) throw new Problem(403, "forbidden", `the token lacks the role "${role}"`);
    return { name: token.name };
  }

  /**
   * Returns the token of the request. Undefined: no token is needed. `takesBasic`: the token may also be the password of basic
   * authentication, for senders of alerts that cannot send another header. Other endpoints refuse that, because browsers add
   * a stored password to requests by themselves.
   *
   * @throws Problem 401 or 403
   */
  authenticate(
    request: FastifyRequest,
    { takesBasic }: { readonly takesBasic: boolean },
  ): Pick<Token, "name" | "roles"> | undefined {
    if (this.#tokens.length === 0) {
      this.#refuseOtherSites(request);
      return undefined;
    }
    const { kind, secret } = presentedBy(request, takesBasic);
    // A browser may add a stored password to a request of another site's page.
    if (kind === "password") this.#refuseOtherSites(request);
    const digest = digestOf(secret);
    // All digests have the same length and all are compared, so the time reveals neither a token's value nor which token
    // matches.
    const [token] = this.#tokens.filter((known) => timingSafeEqual(known.digest, digest));
    if (token !== undefined) return token;
    throw unauthorized(kind === "password" ? "the password is not a known token" : "the bearer token is not known");
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

/** Returns the bearer token or the password of a request. @throws Problem 401 */
function presentedBy(
  { headers: { authorization = "" } }: FastifyRequest,
  takesBasic: boolean,
): { readonly kind: "token" | "password"; readonly secret: string } {
  const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token !== undefined) return { kind: "token", secret: token };
  const basic = /^basic +(\S+) *$/i.exec(authorization)?.[1];
  if (!takesBasic) {
    throw unauthorized(
      basic === undefined
        ? "a bearer token is needed"
        : "a bearer token is needed; basic authentication is accepted only for sending alerts",
    );
  }
  // The user's name, the text before the first colon, may be any.
  const password = basic && /:(.+)$/s.exec(Buffer.from(basic, "base64").toString())?.[1];
  if (!password) throw unauthorized("a bearer token is needed, or basic authentication with a token as the password");
  return { kind: "password", secret: password };
}

const unauthorized = (message: string): Problem => new Problem(401, "unauthorized", message);

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
