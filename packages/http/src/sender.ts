import type { FailureReason } from "./network-failure.ts";

/** Sends requests to endpoints. Every call makes one attempt and never rejects. */
export interface Sender {
  post(post: Post): Promise<Reply>;
  get(get: Get): Promise<Reply>;
}

/** The receiver of a request. Keep the object for further requests: its route is found faster. */
export interface Address {
  /** Scheme, host and port. */
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  readonly tls?: TlsSettings;
}

type Pem = string | Buffer | readonly (string | Buffer)[];

export interface TlsSettings {
  /** Authorities to trust instead of the well-known ones. */
  readonly ca?: Pem;
  /** Our own certificate and its key, for mutual TLS. */
  readonly cert?: string;
  readonly key?: string;
  /** Name that the other end's certificate must have. @default the host of the URL */
  readonly serverName?: string;
  /** @default TLSv1.2 */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
}

interface Request {
  readonly address: Address;
  /** Names and values in turn, without those that frame the request. Not to be changed afterwards. */
  readonly headers: readonly string[];
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the request too, from the look-up of the name to the last byte of the response. @default none */
  readonly timeoutMs?: number;
}

export interface Post extends Request {
  /** @default POST */
  readonly method?: "POST" | "PATCH";
  readonly body: string;
  /** A longer body of the response is cut there. @default 64 KiB */
  readonly maxBytes?: number;
}

/** A request that changes nothing at the receiver. */
export interface Get extends Request {
  /** A longer body of the response is cut there. */
  readonly maxBytes: number;
}

/** The result of one request. */
export type Reply =
  /** A status line came; the body may be incomplete. */
  | {
      readonly kind: "answered";
      readonly status: number;
      /** The `Retry-After` header as it came. */
      readonly retryAfter: string | undefined;
      readonly body: string;
    }
  /** No status came. `left: false` is certain: not one byte of the request was written. */
  | {
      readonly kind: "failed";
      readonly left: boolean;
      readonly reason: FailureReason;
      /** Without secrets: our own words and a code. */
      readonly detail: string;
      /** The other end closed or reset the connection. */
      readonly receiverClosed?: true;
    }
  /** The signal or the timeout ended it, before a status came. */
  | {
      readonly kind: "stopped";
      readonly left: boolean;
      readonly timeout: boolean;
      /** Some bytes of a response had come. */
      readonly answering?: true;
    };

export type Failed = Extract<Reply, { kind: "failed" }>;

/** Takes a URL apart. */
export function addressOf(url: string | URL, tls?: TlsSettings): Address {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search, ...(tls && { tls }) };
}
