import type { Clock } from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import type { AllowedHosts } from "./allowed-hosts.ts";
import { Problem } from "./problem.ts";
import { type SessionCookies, sessionSeconds, type SessionToken } from "./session-cookies.ts";
import { type UserConnection, userConnection, type UserConnectionSettings } from "./user-connection.ts";

/** What sessions need beside the tokens. */
export interface SessionParts {
  readonly cookies: SessionCookies;
  readonly clock: Pick<Clock, "now">;
  readonly senders: UserConnectionSettings["senders"];
  readonly basePath: string | undefined;
}

export interface BrowserSessionsOptions extends SessionParts {
  readonly publicUrl: string | undefined;
  readonly allowedHosts: Pick<AllowedHosts, "refuseUnknown">;
}

/** Cookies of one name that are tried. A browser sends several if they have different paths. */
const maxCookies = 4;

/**
 * The sessions of people in browsers. A browser adds the cookie to requests by itself, so this class also refuses requests that other
 * sites may have caused.
 */
export class BrowserSessions {
  readonly #o: BrowserSessionsOptions;

  constructor(options: BrowserSessionsOptions) {
    this.#o = options;
  }

  /**
   * Returns the token of the session that the cookie of a request proves. Undefined: there is no cookie, or its session has ended.
   *
   * @throws Problem 403 if another site may have caused the request, 421 if the host may be another site's
   */
  tokenOf<T extends SessionToken>(request: FastifyRequest, tokens: readonly T[]): T | undefined {
    if (request.headers.cookie === undefined) return undefined;
    const connection = userConnection(request, this.#o);
    for (const value of this.#valuesIn(request, connection)) {
      const token = this.#o.cookies.tokenOf(value, tokens, this.#o.clock.now());
      if (token === undefined) continue;
      this.#refuseOthers(request, connection);
      return token;
    }
    return undefined;
  }

  /**
   * Refuses a login that another site may have caused, and one over a connection that others can read: the cookie would cross it with
   * each request.
   *
   * @throws Problem 403 or 421
   */
  refuseLogin(request: FastifyRequest): void {
    const connection = userConnection(request, this.#o);
    const { origin, "sec-fetch-site": site } = request.headers;
    this.#refuseOtherHosts(request, connection);
    // A client that is no browser sends neither.
    refuseUnless(
      site === undefined ? origin === undefined || connection.origins.includes(origin) : site === "same-origin",
    );
    if (connection.isLoopback) return;
    if (!connection.isTls || (origin?.startsWith("http:") && !connection.isHostAuthentic)) throw needsTls;
  }

  /** Returns the header `Set-Cookie` that begins a session. */
  start(request: FastifyRequest, token: SessionToken): string {
    return this.#cookie(request, this.#o.cookies.seal(token, this.#o.clock.now()), sessionSeconds);
  }

  /**
   * Returns the header `Set-Cookie` that ends a session.
   *
   * @throws Problem 403 or 421
   */
  end(request: FastifyRequest): string {
    const connection = userConnection(request, this.#o);
    if (this.#valuesIn(request, connection).length > 0) this.#refuseOthers(request, connection);
    return this.#cookie(request, "", 0);
  }

  #refuseOthers(request: FastifyRequest, connection: UserConnection): void {
    const { method, headers } = request;
    this.#refuseOtherHosts(request, connection);
    if (method === "GET" || method === "HEAD") return;
    if (headers["x-tocsin-request"] !== "1") throw needsHeader;
    const { "sec-fetch-site": site, origin } = headers;
    refuseUnless(site === undefined ? connection.origins.includes(origin ?? "") : site === "same-origin");
  }

  /** A page of another site whose name resolves to this machine must not have a session here (DNS rebinding). */
  #refuseOtherHosts({ headers }: FastifyRequest, { isHostAuthentic }: UserConnection): void {
    if (!isHostAuthentic) this.#o.allowedHosts.refuseUnknown(headers.host ?? "");
  }

  #valuesIn({ headers: { cookie = "" } }: FastifyRequest, connection: UserConnection): string[] {
    // A page over plain http on this machine sends no Origin with its GET requests, so both names may be its own.
    const names = [this.#nameFor(connection.isTls), ...(connection.isLoopback ? [this.#nameFor(false)] : [])];
    const pairs = cookie.split(";").map((pair) => pair.trim());
    return [...new Set(names)].flatMap((name) =>
      pairs
        .filter((pair) => pair.startsWith(`${name}=`))
        .slice(0, maxCookies)
        .map((pair) => pair.slice(name.length + 1)),
    );
  }

  #cookie(request: FastifyRequest, value: string, maxAge: number): string {
    const { isTls, isHostAuthentic, isLoopback } = userConnection(request, this.#o);
    // The TLS of the public URL does not count for a page of this machine that came over plain http: its browser drops a secure cookie.
    const isPlainPage = isLoopback && !isHostAuthentic && request.headers.origin?.startsWith("http:") === true;
    const isSecure = isTls && !isPlainPage;
    const attributes = [
      `Path=${this.#o.basePath ?? "/"}`,
      `Max-Age=${maxAge}`,
      "HttpOnly",
      "SameSite=Strict",
      ...(isSecure ? ["Secure"] : []),
    ];
    return [`${this.#nameFor(isSecure)}=${value}`, ...attributes].join("; ");
  }

  /** Browsers accept these prefixes only over TLS: no other site, and no one on the wire, can set such a cookie. */
  #nameFor(isSecure: boolean): string {
    if (!isSecure) return "tocsin_session";
    return this.#o.basePath === undefined ? "__Host-tocsin_session" : "__Secure-tocsin_session";
  }
}

function refuseUnless(isOwnPage: boolean): void {
  if (!isOwnPage) throw otherSite;
}

const otherSite = new Problem(403, "forbidden", "requests from pages of other sites are refused");

const needsHeader = new Problem(
  403,
  "forbidden",
  "with a session, a request that changes something needs the header X-Tocsin-Request: 1",
);

const needsTls = new Problem(
  403,
  "tls_needed",
  "a login over plain http is possible on this machine only, because others could read the token: use https. Set server.tls; or, behind a proxy with TLS, set server.publicUrl to its https URL or list the proxy in server.trustedProxies",
);
