import type { LookupFunction } from "node:net";
import {
  type Address,
  addressOf,
  anyAddressRules,
  causeOf,
  type Clock,
  type ProxySettings,
  type Reply,
  type TlsSettings,
  Transport as HttpTransport,
} from "@tocsin/http";
import type { Answer } from "../answer-error.ts";
import { PagerDutyNetworkError } from "../errors.ts";
import { networkFailure, networkFailureBecause } from "../network-failure.ts";
import {
  type Endpoint,
  type Endpoints,
  maxAnswerBytes,
  type PostRequest,
  type ReachRequest,
  type Transport,
} from "./transport.ts";

export interface SocketTransportOptions {
  endpoints: Endpoints;
  userAgent: string;
  /** PEM, instead of the authorities that Node trusts. */
  ca?: string | Buffer | (string | Buffer)[] | undefined;
  /** The proxy for https, or the settings that choose the proxy. */
  proxy?: URL | ProxySettings | undefined;
  /** Connections at once. */
  maxConnections: number;
  /** @default the system's */
  clock?: Clock | undefined;
  /** Resolves names: the receiver's, or the proxy's. @default `node:dns` */
  lookup?: LookupFunction | undefined;
}

export const openSocketTransport = (options: SocketTransportOptions): Transport => new SocketTransport(options);

/** Sends over connections of @tocsin/http, which cost a third of those of `node:https`. */
export class SocketTransport implements Transport {
  readonly #http: HttpTransport;
  readonly #addresses: Readonly<Record<Endpoint, Address>>;
  readonly #headers: readonly string[];

  constructor({ endpoints, userAgent, ca, proxy, maxConnections, clock, lookup }: SocketTransportOptions) {
    const rulesOf = anyAddress;
    this.#http = new HttpTransport({ connections: maxConnections, proxy, clock, lookup, rulesOf });
    const tls: TlsSettings = { minVersion: "TLSv1.2", ...(ca !== undefined && { ca }) };
    this.#addresses = { alert: addressOf(endpoints.alert, tls), change: addressOf(endpoints.change, tls) };
    this.#headers = ["content-type", "application/json", "accept", "application/json", "user-agent", userAgent];
  }

  async post({ endpoint, body, timeoutMs, signal }: PostRequest): Promise<Answer> {
    const address = this.#addresses[endpoint];
    const request = { address, headers: this.#headers, body, timeoutMs, signal, maxBytes: maxAnswerBytes };
    const reply = await this.#http.post(request);
    signal?.throwIfAborted();
    if (reply.kind === "answered") return reply;
    if (reply.kind === "stopped") throw timedOut(timeoutMs, reply);
    const { reason, detail, left } = reply;
    const cause = causeOf(reply);
    // The cause is missing when it holds the password of a proxy.
    throw cause === undefined
      ? networkFailureBecause(reason, detail, left)
      : networkFailure(cause, { requestSent: left });
  }

  async reach({ timeoutMs, signal }: ReachRequest): Promise<void> {
    const reached = await this.#http.reach(this.#addresses.alert, { timeoutMs, signal });
    signal?.throwIfAborted();
    if (reached.kind === "failed") throw networkFailure(reached.error, { requestSent: false });
    if (reached.kind === "stopped") throw timedOut(timeoutMs, { left: false });
  }

  close(): void {
    this.#http.closeIdle();
  }
}

/** The program that uses the client chooses the endpoint. */
const anyAddress = () => anyAddressRules;

type Progress = Pick<Extract<Reply, { kind: "stopped" }>, "left" | "answering">;

function timedOut(timeoutMs: number, { left, answering }: Progress): PagerDutyNetworkError {
  const doing = !left ? "connecting" : answering ? "reading the answer" : "waiting for the answer";
  const message = `Timed out after ${Math.round(timeoutMs)} ms while ${doing}`;
  return new PagerDutyNetworkError("timeout", message, { requestSent: left });
}
