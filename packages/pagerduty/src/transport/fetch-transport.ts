import type { Answer } from "../answer-error.ts";
import { PagerDutyNetworkError } from "../errors.ts";
import { networkFailure } from "../network-failure.ts";
import { type Endpoints, maxAnswerBytes, type PostRequest, type ReachRequest, type Transport } from "./transport.ts";
import { withTimeout } from "./with-timeout.ts";

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

/** Sends with an injected `fetch`: that of another runtime, one with its own proxy or agent, or one of a test. */
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
    // The status decides, even if the rest of the answer does not come.
    let answer: Answer | undefined;
    const read = async (signal: AbortSignal): Promise<Answer> => {
      const response = await this.#send(this.#endpoints[endpoint], { method: "POST", body, signal });
      const retryAfter = response.headers.get("retry-after") ?? undefined;
      answer = { status: response.status, retryAfter, body: "" };
      for await (const text of textOf(response.body)) answer.body += text;
      return answer;
    };
    return withTimeout(request, (resolve, reject) => {
      const stop = new AbortController();
      read(stop.signal).then(resolve, (cause: unknown) => (answer ? resolve(answer) : reject(networkFailure(cause))));
      return { stop: () => stop.abort(), timedOut: () => answer ?? timedOut(request) };
    });
  }

  /** A fetch cannot connect without a request. Any answer to a HEAD request shows that the server can be reached. */
  reach(request: ReachRequest): Promise<void> {
    return withTimeout(request, (resolve, reject) => {
      const stop = new AbortController();
      this.#send(new URL("/", this.#endpoints.alert), { method: "HEAD", signal: stop.signal })
        .then(({ body }) => body?.cancel())
        .then(resolve, (cause: unknown) => reject(networkFailure(cause)));
      return { stop: () => stop.abort(), timedOut: () => timedOut(request) };
    });
  }

  close(): void {}

  #send(url: URL, init: { method: string; body?: string; signal: AbortSignal }): Promise<FetchResponse> {
    return this.#fetch(url.href, { ...init, headers: this.#headers, redirect: "manual" });
  }
}

/** The text of the body, piece by piece. A character may be split between two pieces. */
async function* textOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  // The end of the loop cancels the rest.
  for await (const piece of body ?? []) {
    yield decoder.decode(piece.subarray(0, maxAnswerBytes - bytes), { stream: true });
    bytes += piece.length;
    if (bytes >= maxAnswerBytes) break;
  }
}

function timedOut({ timeoutMs }: ReachRequest): PagerDutyNetworkError {
  const message = `Timed out after ${Math.round(timeoutMs)} ms while waiting for the answer`;
  return new PagerDutyNetworkError("timeout", message, { requestSent: true });
}
