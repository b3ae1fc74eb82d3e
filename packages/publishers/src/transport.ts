import type { AttemptReason } from "@tocsin/core";
import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { type Dispatcher, EnvHttpProxyAgent, Pool } from "undici";
import { Exchange, maxAnswerBytes } from "./exchange.ts";
import { forbidden, guarded, isForbiddenAddress } from "./forbidden-address.ts";
import { without } from "./scrub.ts";

/** Where to send, taken apart once and not per event. */
export interface Address {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly path: string;
  readonly tls?: TlsSettings;
  /** Its name may resolve to an address that is forbidden otherwise (forbidden-address.ts). */
  readonly anyAddress?: boolean;
}

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
  /** Names and values in turn, as undici takes them. */
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
  | { readonly kind: "failed"; readonly left: boolean; readonly reason: AttemptReason; readonly detail: string }
  /** The caller's signal ended it, by its time or otherwise. */
  | { readonly kind: "stopped"; readonly left: boolean; readonly timeout: boolean };

/** As the environment says them, `proxyFrom` reads them. */
export interface ProxySettings {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly no: string | undefined;
}

export interface TransportOptions {
  /** Most connections per origin; each carries one request at a time. @default 64 */
  readonly connections?: number;
  /** Longest wait for a connection, TLS included. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** @default no proxy */
  readonly proxy?: ProxySettings | undefined;
  /** Called right before a request is written, with its signal; where that is aborted by then, the request is not written. */
  readonly beforeWrite?: (signal: AbortSignal) => void;
  /** How names become addresses. With a proxy names are its to resolve, and to judge. @default `node:dns` */
  readonly lookup?: LookupFunction;
}

/** Longest wait between two pieces of an answer; callers' signals are shorter. A second belt against lost sockets. */
const silenceMs = 300_000;

/**
 * The house's one way to the network: keep-alive connections, one pool per (origin, TLS settings), HTTP/1.1 so that a
 * connection's loss costs one request. One attempt per call; it follows no redirect and retries nothing.
 */
export class Transport implements AsyncDisposable {
  readonly #options: Required<Omit<TransportOptions, "proxy" | "beforeWrite">> & TransportOptions;
  readonly #pools = new Map<string, Dispatcher>();
  /** A proxy may say back what it was told, as anybody may. Undefined: there is nothing to take out. */
  readonly #scrub: ((text: string) => string) | undefined;

  constructor(options: TransportOptions = {}) {
    this.#options = { connections: 64, connectTimeoutMs: 10_000, lookup, ...options };
    const secrets = options.proxy ? proxySecrets(options.proxy) : [];
    this.#scrub = secrets.length === 0 ? undefined : without(secrets);
  }

  /** Posts once. Never rejects. */
  post(post: Post): Promise<Reply> {
    return this.#send({ method: "POST", ...post, mostBytes: maxAnswerBytes });
  }

  /** Asks once. Never rejects. */
  get(get: Get): Promise<Reply> {
    return this.#send({ ...get, method: "GET", body: null });
  }

  /** Waits for what is under way, then closes all connections. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #send({ address, method, headers, body, mostBytes, signal }: Sent): Promise<Reply> {
    return new Promise((resolve) => {
      const scrub = this.#scrub;
      const done = scrub ? (reply: Reply) => resolve(scrubbed(reply, scrub)) : resolve;
      const exchange = new Exchange(signal, mostBytes, done, this.#options.beforeWrite);
      if (exchange.ended) return;
      const { origin, path } = address;
      const pool = this.#pool(address);
      if (!pool) return exchange.onResponseError(undefined, forbidden());
      pool.dispatch({ origin, path, method, headers: headers as string[], body }, exchange);
    });
  }

  /** Undefined: its host is an address that is forbidden, which no lookup is asked for. */
  #pool({ origin, tls, anyAddress = false }: Address): Dispatcher | undefined {
    const key = tls || anyAddress ? `${origin} ${JSON.stringify([tls, anyAddress])}` : origin;
    let pool = this.#pools.get(key);
    if (!pool) {
      if (!anyAddress && isForbiddenAddress(new URL(origin).hostname)) return undefined;
      pool = this.#open(origin, tls, anyAddress);
      this.#pools.set(key, pool);
    }
    return pool;
  }

  #open(origin: string, tls: TlsSettings | undefined, anyAddress: boolean): Dispatcher {
    const { connections, connectTimeoutMs, proxy, lookup: resolve } = this.#options;
    const connect = { ...tls, timeout: connectTimeoutMs, lookup: anyAddress ? resolve : guarded(resolve) };
    const options = { connections, allowH2: false, headersTimeout: silenceMs, bodyTimeout: silenceMs };
    if (!proxy?.http && !proxy?.https) return new Pool(origin, { ...options, connect });
    return new EnvHttpProxyAgent({
      ...options,
      connect,
      requestTls: connect,
      httpProxy: proxy.http ?? "",
      httpsProxy: proxy.https ?? proxy.http ?? "",
      noProxy: proxy.no ?? "",
    });
  }
}

function scrubbed(reply: Reply, scrub: (text: string) => string): Reply {
  if (reply.kind === "answered") return { ...reply, body: scrub(reply.body) };
  return reply.kind === "failed" ? { ...reply, detail: scrub(reply.detail) } : reply;
}

/** The proxies that an environment names, in either case; lower case wins, as in curl. */
export function proxyFrom(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const get = (name: string) => env[name.toLowerCase()] || env[name] || undefined;
  return { http: get("HTTP_PROXY"), https: get("HTTPS_PROXY"), no: get("NO_PROXY") };
}

/** What lets us through proxies: their passwords as they are written and meant, and what the proxies are told. */
export const proxySecrets = ({ http, https }: ProxySettings): readonly string[] =>
  [http, https].flatMap((written) => {
    const url = URL.parse(written ?? "");
    if (!url?.password) return [];
    const [user, password] = [url.username, url.password].map(decoded);
    return [Buffer.from(`${user}:${password}`).toString("base64"), url.password, password ?? ""];
  });

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
