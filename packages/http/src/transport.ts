import { lookup } from "node:dns";
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { LookupFunction } from "node:net";
import {
  type AddressRules,
  guardLookup,
  operatorLinkLocalRules,
  operatorRules,
  portOf,
  refuseHost,
} from "./address-guard.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Destination, destinationOf } from "./connect.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { Exchange } from "./exchange.ts";
import { failedReply } from "./failed-reply.ts";
import { proxyFor } from "./proxy-for.ts";
import { proxySecrets } from "./proxy-secrets.ts";
import { proxyAuthorization, type ProxySettings } from "./proxy-settings.ts";
import { reach, type Reached, type ReachOptions } from "./reach.ts";
import { redactReply } from "./redact-reply.ts";
import { Redactor } from "./redactor.ts";
import type { Address, Get, Post, Reply, Sender, TlsSettings } from "./sender.ts";

/** The origin of an endpoint's URL: it decides at which addresses the endpoint may be. */
export interface Trust {
  /** The author of a Kubernetes Secret wrote it, not the operator. */
  readonly fromSecret: boolean;
  /** The target says `allow_link_local`. */
  readonly linkLocal: boolean;
}

/** The options that all requests of a sender share. */
export interface SenderSettings extends Trust {
  /** @default those of each address */
  readonly tls?: TlsSettings | undefined;
}

const operator: Trust = { fromSecret: false, linkLocal: false };

export interface TransportOptions {
  /** Connections per origin at once; each carries one request at a time. More requests wait for one. @default 64 */
  readonly connections?: number;
  /** Proxies by scheme, with the hosts that need none. A URL alone is used for every request. @default no proxy */
  readonly proxy?: ProxySettings | URL | undefined;
  /** Called right before a request is written, with its signal. If that is aborted by then, the request is not written. */
  readonly beforeWrite?: (signal: AbortSignal) => void;
  /** Resolves names. Behind a proxy the proxy resolves the receiver's name, and has to judge it. @default `node:dns` */
  readonly lookup?: LookupFunction | undefined;
  /** Addresses that may be connected to. The same object for the same rules. @default as for an operator's own targets */
  readonly rulesOf?: (trust: Trust) => AddressRules;
  /** The port on which this service listens: it is not connected to at any address of this machine. @default none */
  readonly ownPort?: () => number | undefined;
  /** An older connection takes no further request, so that a name that moves is followed. @default 5 minutes */
  readonly maxConnectionAgeMs?: number;
  /** @default the system's */
  readonly clock?: Clock | undefined;
}

interface Content {
  readonly method: "GET" | "POST" | "PATCH";
  readonly body: string | null;
  readonly maxBytes: number;
}

interface HeaderLines {
  readonly text: string;
  readonly isAscii: boolean;
}

/** The way to one origin, and the part of a request's head that belongs to it. */
interface Route {
  readonly to: Destination;
  readonly pool: ConnectionPool;
  /** Stands in front of the path: a proxy that forwards the request needs the whole URL. */
  readonly pathPrefix: string;
  readonly headers: string;
}

/** A route that was not used for this time is closed when TLS settings change. */
const unusedMs = 3_600_000;

/** Default of `maxBytes` for a response to an event: its details are for people. */
const maxResponseBytes = 64 * 1024;

/**
 * Sends HTTP/1.1 requests over connections that stay open, with one pool per origin, TLS settings and address rules. One
 * connection carries one request at a time, so that the loss of a connection costs one request. Each call makes one attempt. It
 * follows no redirect and retries nothing.
 */
export class Transport implements Sender, AsyncDisposable {
  readonly #options: Required<Pick<TransportOptions, "connections" | "rulesOf">> & TransportOptions;
  readonly #lookup: LookupFunction;
  /** By address rules, and then by origin and TLS settings. */
  readonly #routes = new Map<AddressRules, Map<string, Route>>();
  /** Header lines of senders that send the same headers each time. */
  readonly #headerLines = new WeakMap<readonly string[], HeaderLines>();
  /** The route of an address that was used before: to find it by its TLS settings costs more than a microsecond. */
  #routeOf = new WeakMap<
    Address,
    { readonly rules: AddressRules; readonly tls: TlsSettings | undefined; readonly route: Route }
  >();
  /** A proxy may repeat its password. Undefined: there is none. */
  readonly #redactor: Redactor | undefined;
  #inFlight = 0;
  /** Set while `close` waits until nothing is in flight. */
  #closing: PromiseWithResolvers<void> | undefined;

  /** @throws ProxyUrlError when a proxy is not an http(s) URL */
  constructor(options: TransportOptions = {}) {
    this.#options = { connections: 64, rulesOf: defaultRules, ...options };
    this.#lookup = options.lookup ?? lookup;
    const { proxy } = options;
    const secrets = proxy ? proxySecrets(proxy instanceof URL ? { https: proxy } : proxy) : [];
    this.#redactor = secrets.length === 0 ? undefined : new Redactor(secrets);
  }

  /** Sends one request with a body to an endpoint that the operator named. Never rejects. */
  post(post: Post): Promise<Reply> {
    return this.#post(post, operator);
  }

  /** Sends one GET request to an endpoint that the operator named. Never rejects. */
  get(get: Get): Promise<Reply> {
    return this.#get(get, operator);
  }

  /**
   * A sender for endpoints of another author, or for endpoints that may be at other addresses, or that need other TLS settings.
   * Keep it: a sender with equal settings shares its connections, but is found slower.
   */
  for({ tls, ...trust }: SenderSettings): Sender {
    return { post: (post) => this.#post(post, trust, tls), get: (get) => this.#get(get, trust, tls) };
  }

  /** Connects and sends nothing. Never rejects. */
  async reach(address: Address, options: ReachOptions): Promise<Reached> {
    try {
      const { to } = this.#routeTo(address, this.#options.rulesOf(operator));
      return await reach(to, { clock: this.#options.clock, ...options });
    } catch (error) {
      return { kind: "failed", step: "dns", error: error as Error };
    }
  }

  /** Closes idle connections. Requests in flight go on, and further ones can be sent. */
  closeIdle(): void {
    for (const routes of this.#routes.values()) for (const { pool } of routes.values()) pool.close();
  }

  /** Waits for requests in flight, then closes all connections. */
  async close(): Promise<void> {
    if (this.#inFlight > 0) await (this.#closing ??= Promise.withResolvers()).promise;
    this.closeIdle();
    this.#routes.clear();
    this.#routeOf = new WeakMap();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #post(post: Post, trust: Trust, tls?: TlsSettings): Promise<Reply> {
    const { method = "POST", body, maxBytes = maxResponseBytes } = post;
    return this.#send(post, { method, body, maxBytes }, trust, tls);
  }

  #get(get: Get, trust: Trust, tls?: TlsSettings): Promise<Reply> {
    return this.#send(get, { method: "GET", body: null, maxBytes: get.maxBytes }, trust, tls);
  }

  #send(asked: Post | Get, content: Content, trust: Trust, tls?: TlsSettings): Promise<Reply> {
    return new Promise((resolve) => {
      this.#inFlight++;
      const done = (reply: Reply): void => {
        const redactor = this.#redactor;
        resolve(redactor ? redactReply(reply, (text) => redactor.redact(text)) : reply);
        if (--this.#inFlight === 0) this.#closing?.resolve();
      };
      try {
        const { address, headers, signal, timeoutMs } = asked;
        const { beforeWrite } = this.#options;
        const route = this.#routeTo(address, this.#options.rulesOf(trust), tls);
        const bytes = this.#bytesOf(content, address.path, headers, route);
        const request = { bytes, maxBytes: content.maxBytes, signal, timeoutMs, beforeWrite };
        new Exchange(request, route.pool, done).start();
      } catch (error) {
        done(failedReply(error, false));
      }
    });
  }

  /** @throws if a header would end the head, or begin another request in it */
  #bytesOf({ method, body }: Content, path: string, headers: readonly string[], route: Route): string | Buffer {
    let own = this.#headerLines.get(headers);
    if (own === undefined) this.#headerLines.set(headers, (own = headerLines(headers)));
    const length = body === null ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${route.pathPrefix}${path} HTTP/1.1\r\n${route.headers}${own.text}${length}\r\n`;
    // Head and body leave in one write, which is one TLS record for a small event. Text beyond ASCII in a header is one byte a
    // character, in a body it is UTF-8.
    return own.isAscii && !beyondAscii.test(path)
      ? head + (body ?? "")
      : Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body ?? "")]);
  }

  /** @throws if its host is an address that must not be connected to, or its TLS settings are wrong */
  #routeTo(address: Address, rules: AddressRules, tls = address.tls): Route {
    const known = this.#routeOf.get(address);
    if (known?.rules === rules && known.tls === tls) return known.route;
    const { origin } = address;
    let routes = this.#routes.get(rules);
    if (!routes) this.#routes.set(rules, (routes = new Map()));
    const key = tls ? `${origin} ${JSON.stringify(tls)}` : origin;
    let route = routes.get(key);
    if (!route) {
      if (tls) this.#forgetUnused(routes);
      routes.set(key, (route = this.#open(new URL(origin), tls, rules)));
    }
    this.#routeOf.set(address, { rules, tls, route });
    return route;
  }

  /** Closes what earlier TLS settings left: each rotation of a certificate makes a route. */
  #forgetUnused(routes: Map<string, Route>): void {
    const { clock = systemClock } = this.#options;
    const sinceMs = clock.monotonic() - unusedMs;
    for (const [key, { pool }] of routes) {
      if (!pool.isUnusedSince(sinceMs)) continue;
      pool.close();
      routes.delete(key);
      // Its senders find a new one.
      this.#routeOf = new WeakMap();
    }
  }

  #open(url: URL, tls: TlsSettings | undefined, rules: AddressRules): Route {
    const guard = { rules, ownPort: this.#options.ownPort?.() === portOf(url) };
    refuseHost(url.hostname, guard);
    const { connections, maxConnectionAgeMs, clock } = this.#options;
    const limits = { maxConnections: connections, maxAgeMs: maxConnectionAgeMs, clock };
    const secure = url.protocol === "https:";
    const proxy = this.#proxyFor(url);
    const headers = `host: ${url.host}\r\n`;
    if (proxy && !secure) {
      const authorization = proxyAuthorization(proxy);
      const toProxy = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
      const to = { ...destinationOf(proxy), lookup: this.#lookup };
      return { to, pool: new ConnectionPool(to, limits), pathPrefix: url.origin, headers: headers + toProxy };
    }
    const to = {
      ...destinationOf(url, tls),
      lookup: guardLookup(this.#lookup, guard),
      proxy: proxy && { url: proxy, lookup: this.#lookup },
    };
    return { to, pool: new ConnectionPool(to, limits), pathPrefix: "", headers };
  }

  #proxyFor(url: URL): URL | undefined {
    const { proxy } = this.#options;
    return proxy instanceof URL ? proxy : proxy && proxyFor(proxy, url);
  }
}

const defaultRules = ({ linkLocal }: Trust): AddressRules => (linkLocal ? operatorLinkLocalRules : operatorRules);

const beyondAscii = /[\u0080-\uffff]/;

/** @throws as `node:http` does for an invalid name or value */
function headerLines(headers: readonly string[]): HeaderLines {
  let text = "";
  for (let n = 0; n < headers.length; n += 2) {
    const [name, value] = [headers[n]!, headers[n + 1]!];
    validateHeaderName(name);
    validateHeaderValue(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return { text, isAscii: !beyondAscii.test(text) };
}
