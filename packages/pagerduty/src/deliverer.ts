import { type Answer, answerError } from "./answer-error.ts";
import { type Clock, sleep } from "@tocsin/http/portable";
import { PagerDutyError, PagerDutyNetworkError, PagerDutyRateLimitError } from "./errors.ts";
import { holdsText } from "@tocsin/http/portable";
import type { Hooks, Operation, SpanAttributes } from "./hooks.ts";
import type { Redactor } from "@tocsin/http/portable";
import type { Limiter, Release } from "./limiter/limiter.ts";
import { type RetryPolicy, retryWaitMs } from "./retry-wait.ts";
import type { Endpoint, Endpoints, Transport } from "./transport/transport.ts";

export interface DeliveryOptions {
  /** Removes the routing key from answers and errors. */
  redactor: Redactor;
  endpoints: Endpoints;
  transport: Transport;
  limiter: Limiter;
  policy: RetryPolicy;
  timeoutMs: number;
  hooks: Hooks;
  clock: Clock;
  random: () => number;
}

/** One event to deliver. */
export interface Delivery {
  operation: Operation;
  endpoint: Endpoint;
  body: string;
  signal?: AbortSignal | undefined;
  /** @default the policy's */
  retries?: number;
}

/** Makes attempts, each charged to the limiter, until one is accepted, the error is final or the deadline has passed. */
export class Deliverer {
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /**
   * @returns the 202 and the number of attempts
   * @throws PagerDutyError of the last attempt
   * @throws the signal's reason
   */
  async deliver(delivery: Delivery): Promise<{ answer: Answer; attempts: number }> {
    const { clock, limiter, policy, random } = this.#options;
    const { operation, signal, retries = policy.retries } = delivery;
    const deadlineAtMs = clock.monotonic() + policy.deadlineMs;
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      const release = limiter.tryTake() ?? (await this.#waitForLimiter(delivery, attempt, deadlineAtMs));
      const result = await this.#attempt(delivery, attempt, deadlineAtMs - clock.monotonic(), release);
      if (!(result instanceof PagerDutyError)) return { answer: result, attempts: attempt };

      const waitMs = retryWaitMs(result, attempt, { ...policy, retries }, random);
      if (waitMs === undefined || clock.monotonic() + waitMs >= deadlineAtMs) throw result;
      if (result instanceof PagerDutyRateLimitError) this.#callHook("onLimit", { operation, by: "pagerduty", waitMs });
      this.#callHook("onRetry", { operation, attempt, waitMs, error: result });
      await sleep(clock, waitMs, signal);
    }
  }

  /** @throws any error that is no PagerDutyError: the reason of an abort, or a bug */
  async #attempt(
    delivery: Delivery,
    attempt: number,
    leftMs: number,
    release: Release,
  ): Promise<Answer | PagerDutyError> {
    const { clock, timeoutMs, transport, hooks } = this.#options;
    const { operation, endpoint, body, signal } = delivery;
    const startedAtMs = clock.now();
    const started = clock.monotonic();
    let status: number | undefined;
    let error: unknown;
    try {
      const received = await transport.post({ endpoint, body, timeoutMs: Math.min(timeoutMs, leftMs), signal });
      const answer = { ...received, body: this.#options.redactor.redact(received.body) };
      status = answer.status;
      if (status === 202) return answer;
      error = answerError(answer, clock.now());
    } catch (thrown) {
      error = thrown instanceof PagerDutyNetworkError ? this.#safe(thrown) : thrown;
    } finally {
      release();
      if (hooks.onAttempt) {
        this.#callHook("onAttempt", {
          operation,
          attempt,
          startedAtMs,
          durationMs: clock.monotonic() - started,
          ...(status !== undefined && { status }),
          ...(error !== undefined && { error }),
          attributes: this.#attributes(endpoint, attempt, status, error),
        });
      }
    }
    if (!(error instanceof PagerDutyError)) throw error;
    error.attempts = attempt;
    return error;
  }

  async #waitForLimiter({ operation, signal }: Delivery, attempt: number, deadlineAtMs: number): Promise<Release> {
    const { clock, limiter, policy } = this.#options;
    this.#callHook("onLimit", { operation, by: "limiter" });
    const deadline = new AbortController();
    const cancel = clock.after(deadlineAtMs - clock.monotonic(), () => {
      const error = new PagerDutyRateLimitError(`The limiter had no room within ${policy.deadlineMs} ms`);
      error.attempts = attempt - 1;
      deadline.abort(error);
    });
    try {
      return await limiter.take(signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal);
    } finally {
      cancel();
    }
  }

  #attributes(endpoint: Endpoint, attempt: number, status: number | undefined, error: unknown): SpanAttributes {
    const { protocol, hostname, port, origin, pathname } = this.#options.endpoints[endpoint];
    const type = error instanceof PagerDutyError ? error.code : error instanceof Error ? error.name : undefined;
    return {
      "http.request.method": "POST",
      // Without the query, which may hold a proxy's token.
      "url.full": origin + pathname,
      "server.address": hostname,
      "server.port": Number(port || (protocol === "https:" ? 443 : 80)),
      ...(attempt > 1 && { "http.request.resend_count": attempt - 1 }),
      ...(status !== undefined && { "http.response.status_code": status }),
      ...(type !== undefined && { "error.type": type }),
    };
  }

  #callHook<K extends keyof Hooks>(name: K, info: Parameters<NonNullable<Hooks[K]>>[0]): void {
    try {
      (this.#options.hooks[name] as ((info: unknown) => void) | undefined)?.(info);
    } catch (error) {
      // A fault in a program's metrics must not cost a page.
      warn(error instanceof Error ? error : String(error));
    }
  }

  /** Removes the routing key: an injected `fetch` may put the whole request into its error. */
  #safe(error: PagerDutyNetworkError): PagerDutyNetworkError {
    const { redactor } = this.#options;
    if (!holdsText(error, (text) => redactor.redact(text) !== text)) return error;
    return new PagerDutyNetworkError(error.code, redactor.redact(error.message), {
      requestSent: error.requestSent,
    });
  }
}

/** A warning of the process where there is one, else on the console. */
function warn(warning: Error | string): void {
  if (typeof process === "undefined" || process.emitWarning === undefined) console.warn(warning);
  else process.emitWarning(warning);
}
