import type { LookupFunction, Socket } from "node:net";
import { createSecureContext } from "node:tls";
import type { Answer } from "../answer.ts";
import { type Clock, systemClock } from "@tocsin/http/portable";
import { PagerDutyNetworkError } from "../errors.ts";
import { networkFailure } from "../network-failure.ts";
import type { ProxySettings } from "@tocsin/http/portable";
import { proxyFor } from "@tocsin/http";
import { connect, type Destination, destinationOf } from "@tocsin/http";
import type { Connection } from "@tocsin/http";
import { ConnectionPool } from "@tocsin/http";
import {
  type Endpoint,
  type Endpoints,
  maxAnswerBytes,
  type PostRequest,
  type ReachRequest,
  type Transport,
} from "./transport.ts";
import { within } from "./within.ts";

export interface SocketTransportOptions {
  endpoints: Endpoints;
  userAgent: string;
  /** PEM, instead of the authorities that Node trusts. */
  ca?: string | Buffer | (string | Buffer)[] | undefined;
  /** The proxy for https, or where to find out which one. */
  proxy?: URL | ProxySettings | undefined;
  /** Connections at once. */
  maxConnections: number;
  /** @default the system's */
  clock?: Clock | undefined;
  /** Resolves names: the receiver's, or the proxy's. @default `node:dns` */
  lookup?: LookupFunction | undefined;
}

export const openSocketTransport = (options: SocketTransportOptions): Transport => new SocketTransport(options);

/**
 * HTTP/1.1 on connections of `node:tls` that are kept open. It makes the few bytes that this one request needs and reads
 * the few that come back, for a third of what `node:https` costs.
 */
export class SocketTransport implements Transport {
  readonly #to: Destination;
  readonly #clock: Clock;
  readonly #pool: ConnectionPool;
  readonly #heads: Readonly<Record<Endpoint, string>>;

  constructor({
    endpoints,
    userAgent,
    ca,
    proxy,
    maxConnections,
    clock = systemClock,
    lookup,
  }: SocketTransportOptions) {
    const { protocol, host } = endpoints.alert;
    const proxyUrl = proxy instanceof URL ? proxy : proxy && proxyFor(proxy, endpoints.alert);
    const secureContext =
      protocol === "https:"
        ? createSecureContext({ minVersion: "TLSv1.2", ...(ca !== undefined && { ca }) })
        : undefined;
    this.#to = {
      ...destinationOf(endpoints.alert, secureContext),
      lookup,
      proxy: proxyUrl && { url: proxyUrl, lookup },
    };
    this.#clock = clock;
    this.#pool = new ConnectionPool(this.#to, { maxConnections, clock });
    const headers = `host: ${host}\r\ncontent-type: application/json\r\naccept: application/json\r\nuser-agent: ${userAgent}\r\n`;
    const head = (url: URL) => `POST ${url.pathname}${url.search} HTTP/1.1\r\n${headers}content-length: `;
    this.#heads = { alert: head(endpoints.alert), change: head(endpoints.change) };
  }

  post(request: PostRequest): Promise<Answer> {
    return within(request, (resolve, reject) => {
      let connection: Connection | undefined;
      const giveUp = this.#pool.take((failure, taken) => {
        if (!taken) return reject(networkFailure(failure, { requestSent: false }));
        connection = taken;
        // Head and body leave in one write, which is one TLS record for a small event.
        const text = `${this.#heads[request.endpoint]}${Buffer.byteLength(request.body)}\r\n\r\n${request.body}`;
        taken.send(text, maxAnswerBytes, (broken, response) =>
          response ? resolve(response) : reject(networkFailure(broken)),
        );
      });
      return {
        stop: () => (connection ? connection.destroy() : giveUp()),
        // The status decides, whether or not the rest of the answer comes.
        timedOut: () => connection?.partialAnswer() ?? timedOut(request.timeoutMs, connection),
      };
    });
  }

  reach(request: ReachRequest): Promise<void> {
    return within(request, (resolve, reject) => {
      const done = (failure: Error | undefined, socket?: Socket) => {
        socket?.destroy();
        if (socket) resolve();
        else reject(networkFailure(failure, { requestSent: false }));
      };
      const stop = connect(this.#to, done, { clock: this.#clock });
      return { stop, timedOut: () => timedOut(request.timeoutMs) };
    });
  }

  close(): void {
    this.#pool.close();
  }
}

function timedOut(timeoutMs: number, connection?: Connection): PagerDutyNetworkError {
  const doing = !connection ? "connecting" : connection.answering ? "reading the answer" : "waiting for the answer";
  const message = `Timed out after ${Math.round(timeoutMs)} ms while ${doing}`;
  return new PagerDutyNetworkError("timeout", message, { requestSent: connection !== undefined });
}
