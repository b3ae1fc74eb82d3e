import type { Answer } from "../answer.ts";
import { PagerDutyNetworkError } from "../errors.ts";
import { networkFailure } from "../network-failure.ts";
import { type Endpoints, maxAnswerBytes, type PostRequest, type ReachRequest, type Transport } from "./transport.ts";
import { within } from "./within.ts";

/** The part of `fetch` that we use, so that any implementation fits. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    redirect: "manual";
    signal: AbortSignal;
  },
) => Promise<FetchResponse>;

export interface FetchResponse {
  status: number;
  headers: { get(name: string): string | null };
  body: ReadableStream<Uint8Array> | null;
}

/** A `fetch` that was injected: another runtime's, one with its own proxy or agent, a test's. */
export class FetchTransport implements Transport {
  readonly #fetch: Fetch;
  readonly #endpoints: Endpoints;
  readonly #headers: Record<string, string>;

  constructor({ fetch, endpoints, userAgent }: { fetch: Fetch; endpoints: Endpoints; userAgent: string }) {
    this.#fetch = fetch;
    this.#endpoints = endpoints;
    this.#headers = { "content-type": "application/json", accept: "application/json", "user-agent": userAgent };
  }

  post({ endpoint, body, ...request }: PostRequest): Promise<Answer> {
    return this.#within(request, async (signal, onHeaders) => {
      const response = await this.#send(this.#endpoints[endpoint], { method: "POST", body, signal });
      onHeaders();
      return {
        status: response.status,
        retryAfter: response.headers.get("retry-after") ?? undefined,
        body: await readText(response.body),
      };
    });
  }

  /** A fetch cannot only connect. Any answer to a HEAD will do: that is a reachable server. */
  reach(request: ReachRequest): Promise<void> {
    return this.#within(request, async (signal) => {
      const { body } = await this.#send(new URL("/", this.#endpoints.alert), { method: "HEAD", signal });
      await body?.cancel();
    });
  }

  close(): void {}

  #send(url: URL, init: { method: string; body?: string; signal: AbortSignal }): Promise<FetchResponse> {
    return this.#fetch(url.href, { ...init, headers: this.#headers, redirect: "manual" });
  }

  #within<T>(request: ReachRequest, work: (signal: AbortSignal, onHeaders: () => void) => Promise<T>): Promise<T> {
    return within<T>(request, (resolve, reject) => {
      const stop = new AbortController();
      let doing = "waiting for the answer";
      work(stop.signal, () => (doing = "reading the answer")).then(resolve, (cause: unknown) =>
        reject(networkFailure(cause)),
      );
      return {
        stop: () => stop.abort(),
        timedOut: () =>
          new PagerDutyNetworkError("timeout", `Timed out after ${Math.round(request.timeoutMs)} ms while ${doing}`, {
            requestSent: true,
          }),
      };
    });
  }
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest.
  for await (const piece of body ?? []) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= maxAnswerBytes) break;
  }
  return Buffer.concat(pieces).toString("utf8", 0, maxAnswerBytes);
}
