import type { AttemptReason, Clock } from "@tocsin/core";
import {
  ConnectionPool,
  destinationOf,
  proxyAuthorization,
  proxyFor,
  type ProxySettings,
  Redactor,
} from "@tocsin/http";
import { lookup } from "node:dns";
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { LookupFunction } from "node:net";
import { createSecureContext } from "node:tls";
import { Exchange } from "./shared/exchange.ts";
import { failureOf } from "./failure.ts";
import {
  type AddressRules,
  guarded,
  operatorLinkLocalRules,
  operatorRules,
  portOf,
  refuseHost,
} from "./forbidden-address.ts";
import { redactReply } from "./redact.ts";

/** Where to send, taken apart once and not per event. */
export interface Address {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  readonly tls?: TlsSettings;
}

/** Who named an endpoint: it decides at which addresses it may be. */
export interface Trust {
  /** The author of a Kubernetes Secret, not the operator. */
  readonly fromSecret: boolean;
  /** The target says `allow_link_local`. */
  readonly linkLocal: boolean;
}

const operator: Trust = { fromSecret: false, linkLocal: false };

export interface TlsSettings {
  /** PEM of the authorities to trust instead of the well-known ones. */
  readonly ca?: string;
  /** PEM of our own certificate and its key, for mutual TLS. */
  readonly cert?: string;
  readonly key?: string;
}

export interface Post {
  /** @default POST */
  readonly method?: "POST" | "PATCH";
  readonly address: Address;
  /** Names and values in turn, besides those that frame the request. Not to be changed afterwards. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly signal: AbortSignal;
}

/** A question, which changes nothing at the receiver. */
export type Get = Omit<Post, "body" | "method"> & {
  /** More of the answer is not read. */
  readonly mostBytes: number;
};

interface Sent extends Get {
  readonly method: "GET" | "POST" | "PATCH";
  readonly body: string | null;
}

/** What became of one request. */
export type Reply =
  /** A status line came; the body may be incomplete. */
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly body: string;
    }
  /** No answer. `left: false` is certain: not one byte of the request was written. */
  | {
      readonly kind: "failed";
      readonly left: boolean;
      readonly reason: AttemptReason;
      readonly detail: string;
      /** The other end closed or reset the connection. */
      readonly receiverClosed?: true;
    }
  /** The caller's signal ended it, by its time or otherwise. */
  | { readonly kind: "stopped"; readonly left: boolean; readonly timeout: boolean };

/** The way to the network for one endpoint. */
export interface Sender {
  post(post: Post): Promise<Reply>;
  get(get: Get): Promise<Reply>;
}

export interface TransportOptions {
  /** Most connections per origin; each carries one request at a time. @default 64 */
  readonly connections?: number;
  /** @default no proxy */
  readonly proxy?: ProxySettings | undefined;
  /** Called right before a request is written, with its signal; where that is aborted by then, the request is not written. */
  readonly beforeWrite?: (signal: AbortSignal) => void;
  /** Resolves names. Behind a proxy the proxy resolves the receiver's name, and has to judge it. @default `node:dns` */
  readonly lookup?: LookupFunction;
  /** Which addresses may be connected to. The same object for the same rules. @default as for an operator's own targets */
  readonly rulesOf?: (trust: Trust) => AddressRules;
  /** The port on which this service listens: it is not connected to at any address of this machine. @default none */
  readonly ownPort?: () => number | undefined;
  /** An older connection takes no further request, so that a name that moves is followed. @default 5 minutes */
  readonly maxConnectionAgeMs?: number;
  /** @default the system's */
  readonly clock?: Clock;
}

/** Where requests to an origin go, and what is said there besides their own headers. */
interface Way {
  readonly pool: ConnectionPool;
  /** In front of the path: a proxy that is to send the request on itself wants the whole URL. */
  readonly before: string;
  readonly headers: string;
}

/** More of an answer to an event is not read: details are for people. */
const maxAnswerBytes = 64 * 1024;

/**
 * The house's one way to the network: connections that stay open, one pool per (origin, TLS settings), HTTP/1.1 so that a
 * connection's loss costs one request. One attempt per call, bounded by its signal alone; it follows no redirect and retries
 * nothing.
 */
export class Transport implements AsyncDisposable {
  readonly #options: Required<Pick<TransportOptions, "connections" | "lookup" | "rulesOf">> & TransportOptions;
  /** By what may be connected to, and then by origin. */
  readonly #ways = new Map<AddressRules, Map<string, Way>>();
  /** Of publishers that say the same each time. */
  readonly #headers = new WeakMap<readonly string[], string>();
  /** A proxy may repeat its password. Undefined: there is none. */
  readonly #redactor: Redactor | undefined;
  #underWay = 0;
  /** Somebody waits until nothing is under way. */
  #closing: PromiseWithResolvers<void> | undefined;

  /** @throws ProxyUrlError when a proxy is not an http(s) URL */
  constructor(options: TransportOptions = {}) {
    this.#options = { connections: 64, lookup, rulesOf: usualRules, ...options };
    const secrets = options.proxy ? proxySecrets(options.proxy) : [];
    this.#redactor = secrets.length === 0 ? undefined : new Redactor(secrets);
  }

  /** Posts once, to an endpoint that the operator named. Never rejects. */
  post(post: Post): Promise<Reply> {
    return this.#post(post, operator);
  }

  /** Asks once, an endpoint that the operator named. Never rejects. */
  get(get: Get): Promise<Reply> {
    return this.#get(get, operator);
  }

  /** The same for an endpoint that was named by somebody else, or may be at other addresses. */
  for(trust: Trust): Sender {
    return { post: (post) => this.#post(post, trust), get: (get) => this.#get(get, trust) };
  }

  /** Waits for what is under way, then closes all connections. */
  async close(): Promise<void> {
    if (this.#underWay > 0) await (this.#closing ??= Promise.withResolvers()).promise;
    for (const ways of this.#ways.values()) for (const { pool } of ways.values()) pool.close();
    this.#ways.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #post(post: Post, trust: Trust): Promise<Reply> {
    return this.#send({ method: "POST", ...post, mostBytes: maxAnswerBytes }, trust);
  }

  #get(get: Get, trust: Trust): Promise<Reply> {
    return this.#send({ ...get, method: "GET", body: null }, trust);
  }

  #send(sent: Sent, trust: Trust): Promise<Reply> {
    return new Promise((resolve) => {
      this.#underWay++;
      const done = (reply: Reply): void => {
        const redactor = this.#redactor;
        resolve(redactor ? redactReply(reply, (text) => redactor.redact(text)) : reply);
        if (--this.#underWay === 0) this.#closing?.resolve();
      };
      try {
        const way = this.#wayTo(sent.address, this.#options.rulesOf(trust));
        const { mostBytes, signal } = sent;
        const { beforeWrite } = this.#options;
        new Exchange({ request: this.#written(sent, way), mostBytes, signal, beforeWrite }, way.pool, done).start();
      } catch (error) {
        done({ kind: "failed", left: false, ...failureOf(error) });
      }
    });
  }

  /** @throws where a header would end the head, or a request in it begin another */
  #written({ method, address, headers, body }: Sent, way: Way): string | Buffer {
    let own = this.#headers.get(headers);
    if (own === undefined) this.#headers.set(headers, (own = headerLines(headers)));
    const length = body === null ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
    const head = `${method} ${way.before}${address.path} HTTP/1.1\r\n${way.headers}${own}${length}\r\n`;
    // Text beyond ASCII in a header is one byte a character, in a body it is UTF-8.
    return beyondAscii.test(head)
      ? Buffer.concat([Buffer.from(head, "latin1"), Buffer.from(body ?? "")])
      : head + (body ?? "");
  }

  /** @throws where its host is an address that must not be connected to, or its TLS settings are none */
  #wayTo({ origin, tls }: Address, rules: AddressRules): Way {
    let ways = this.#ways.get(rules);
    if (!ways) this.#ways.set(rules, (ways = new Map()));
    const key = tls ? `${origin} ${JSON.stringify(tls)}` : origin;
    let way = ways.get(key);
    if (!way) ways.set(key, (way = this.#open(new URL(origin), tls, rules)));
    return way;
  }

  #open(url: URL, tls: TlsSettings | undefined, rules: AddressRules): Way {
    const guard = { rules, ownPort: this.#options.ownPort?.() === portOf(url) };
    refuseHost(url.hostname, guard);
    const { connections, lookup: resolve, maxConnectionAgeMs, clock } = this.#options;
    const limits = { maxConnections: connections, maxAgeMs: maxConnectionAgeMs, clock };
    const secure = url.protocol === "https:";
    const proxy = this.#options.proxy && proxyFor(this.#options.proxy, url);
    const headers = `host: ${url.host}\r\n`;
    if (proxy && !secure) {
      const authorization = proxyAuthorization(proxy);
      const toProxy = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
      const pool = new ConnectionPool({ ...destinationOf(proxy), lookup: resolve }, limits);
      return { pool, before: url.origin, headers: headers + toProxy };
    }
    const to = {
      ...destinationOf(url, secure ? createSecureContext({ ...tls }) : undefined),
      lookup: guarded(resolve, guard),
      proxy: proxy && { url: proxy, lookup: resolve },
    };
    return { pool: new ConnectionPool(to, limits), before: "", headers };
  }
}

const usualRules = ({ linkLocal }: Trust): AddressRules => (linkLocal ? operatorLinkLocalRules : operatorRules);

const beyondAscii = /[\u0080-\uffff]/;

/** @throws as `node:http` does for what is no header */
function headerLines(headers: readonly string[]): string {
  let lines = "";
  for (let n = 0; n < headers.length; n += 2) {
    const [name, value] = [headers[n]!, headers[n + 1]!];
    validateHeaderName(name);
    validateHeaderValue(name, value);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/** A user without a password who has a shorter name is no secret, and to take it out would garble texts. */
const shortestToken = 8;

/**
 * What lets us through proxies: their passwords as they are written and meant, and what the proxies are told. Where there is no
 * password, the user is a token perhaps.
 */
export const proxySecrets = ({ http, https }: ProxySettings): readonly string[] =>
  [http, https].flatMap((url) => {
    const secret = url?.password || url?.username;
    if (!url || !secret || (!url.password && secret.length < shortestToken)) return [];
    const told = proxyAuthorization(url)!.slice("Basic ".length);
    const meant = Buffer.from(told, "base64").toString();
    return [told, secret, url.password ? meant.slice(meant.indexOf(":") + 1) : meant.slice(0, -1)];
  });
