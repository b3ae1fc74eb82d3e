import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { parseRetryAfter, Redactor } from "@tocsin/http";
import { ApiFailure, type ApiFailureReason, failureOfStatus, messageOf } from "./api-failure.ts";
import { connect, type Connection, type ConnectionOptions } from "./connection.ts";

/** Longest wait for the head of a response. */
const answerMs = 15_000;

/** TCP keep-alive starts on a connection that has been idle for this time. */
const keepAliveMs = 15_000;

/**
 * A page of Secrets is the largest: it holds ten of at most 1 MiB each. Base64 adds a third to each, and `kubectl apply` repeats
 * the content in an annotation.
 */
const largestBodyBytes = 32 << 20;

const maxRetryAfterMs = 30_000;

/**
 * After these failures the client is set up again, because files may have changed: a rotated token, another certificate,
 * another server.
 */
const stale: ReadonlySet<ApiFailureReason> = new Set(["network", "unauthorized", "configuration"]);

/**
 * Sends requests to the Kubernetes API. It does not use the official client's typed calls and its `Watch`: these open a new
 * connection pool for each request, cannot be stopped in time, and hide whether a stream ended or broke off.
 */
export class KubernetesApi {
  readonly #options: ConnectionOptions;
  #connection: Promise<Connection> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * Sends one request. Resolves when the head of the response has arrived with status 200; the body is still to be read.
   *
   * @throws ApiFailure, also when the signal aborts the request
   */
  async open(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<IncomingMessage> {
    const connection = (this.#connection ??= connect(this.#options));
    try {
      const { server, options } = await connection;
      const url = new URL(`${server}${path}?${new URLSearchParams(query).toString()}`);
      const ask = await options();
      const answer = await send(url, ask, signal);
      if (answer.statusCode === 200) return answer;
      const text = new Redactor(Object.values(ask.headers)).redact(await textOf(answer, signal).catch(() => ""));
      throw failureOfStatus(answer.statusCode ?? 0, resourceOf(path), messageOf(parsed(text)), retryAfterMs(answer));
    } catch (error) {
      const failure = failureOf(error);
      if (stale.has(failure.reason) && !signal.aborted && this.#connection === connection) this.#connection = undefined;
      throw failure;
    }
  }

  /** @throws ApiFailure */
  async json(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<unknown> {
    const answer = await this.open(path, query, signal);
    const text = await textOf(answer, signal);
    const value = parsed(text);
    if (typeof value !== "object" || value === null)
      throw new ApiFailure("protocol", "the response is not a JSON object");
    return value;
  }
}

/** Returns the last part of a collection's path, such as `secrets`. */
export const resourceOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Describes a failed request or response in our own words, which quote nothing. */
export function failureOf(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const { code, name } = error as NodeJS.ErrnoException;
  if (name === "TimeoutError") return new ApiFailure("network", "no answer in time");
  if (name === "AbortError") return new ApiFailure("network", "the request was stopped");
  return new ApiFailure("network", code === undefined ? "the connection failed" : `the connection failed (${code})`);
}

function send(
  url: URL,
  options: Awaited<ReturnType<Connection["options"]>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const make = url.protocol === "http:" ? httpRequest : httpsRequest;
    const headers = { accept: "application/json", "user-agent": "tocsin", ...options.headers };
    const deadline = AbortSignal.timeout(answerMs);
    const request = make(url, { ...options, headers, signal });
    const late = () => request.destroy(deadline.reason as Error);
    deadline.addEventListener("abort", late, { once: true });
    request.once("socket", (socket) => socket.setKeepAlive(true, keepAliveMs));
    request.once("error", reject);
    request.once("response", (answer) => {
      deadline.removeEventListener("abort", late);
      // From here on, a failure of the connection is a failure of the body.
      request.on("error", (error) => answer.destroy(error));
      resolve(answer);
    });
    request.end();
  });
}

/** @throws ApiFailure when the body breaks off, is too large, or no data arrives for too long */
async function textOf(answer: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const late = () => answer.destroy(new ApiFailure("network", "the answer stopped"));
  answer.setTimeout(answerMs, late);
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > largestBodyBytes) throw new ApiFailure("protocol", "the answer is too large");
      chunks.push(chunk);
    }
  } catch (error) {
    throw failureOf(signal.aborted ? signal.reason : error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Kubernetes sends whole seconds. Undefined: the server asks for no wait, or for none longer than 0. */
function retryAfterMs({ headers }: IncomingMessage): number | undefined {
  const waitMs = parseRetryAfter(headers["retry-after"], Date.now());
  return waitMs ? Math.min(waitMs, maxRetryAfterMs) : undefined;
}
