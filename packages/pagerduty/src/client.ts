import { parseAnswerBody } from "./answer-error.ts";
import { type Check, validate } from "./validate.ts";
import { checkEventInput, checkChange, checkDedupKey, checkTrigger } from "./check-input.ts";
import { type Clock, systemClock } from "@tocsin/http/portable";
import { Deliverer } from "./deliverer.ts";
import { enqueueUrl, eventsUrl } from "./enqueue-url.ts";
import { isAuthError, isBadRequest } from "./error-predicates.ts";
import { PagerDutyError, PagerDutyNetworkError, PagerDutyValidationError } from "./errors.ts";
import type { AlertEvent } from "./event.ts";
import type { Health, HealthOptions } from "./health.ts";
import type { AcknowledgeInput, AlertInput, ChangeInput, EventInput, ResolveInput, TriggerInput } from "./input.ts";
import { sharedLimiter } from "./limiter/shared-limiter.ts";
import { type ClientOptions, validateOptions } from "./options.ts";
import { Redactor } from "@tocsin/http/portable";
import { retryPolicy } from "./retry-wait.ts";
import { acceptsChanges } from "./routing-key.ts";
import { FetchTransport } from "./transport/fetch-transport.ts";
import { parseProxy, proxiesFrom, type ProxySettings, ProxyUrlError } from "@tocsin/http/portable";
import { LazyTransport } from "./transport/lazy-transport.ts";
import type { Endpoints, Transport } from "./transport/transport.ts";
import { version } from "./version.ts";
import { buildChangeEvent, buildKeyEvent, serializeEvent, buildTriggerEvent } from "./build-event.ts";

const defaultTimeoutMs = 10_000;

export interface CallOptions {
  /** Ends the call at once, in whatever stage it is; the call then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** PagerDuty has accepted the event and processes it later. The answer does not say whether a person was paged. */
export interface Accepted {
  /** Number of requests, retries included. */
  attempts: number;
  /** PagerDuty's text: `Event processed`. */
  message?: string;
  /** Paths of the parts that were removed to fit into 512,000 bytes, least valuable first. Usually empty. */
  dropped: readonly string[];
}

export interface AlertAccepted extends Accepted {
  /** The alert's key. `acknowledge` and `resolve` need it. */
  dedupKey: string;
}

/**
 * Client of PagerDuty's Events API v2 for one routing key. Every call makes its attempts within the rate limit, retries
 * failures that may succeed later, and rejects with one of four errors or with the reason of your signal.
 *
 * @example
 * const client = new PagerDutyEventsClient({ routingKey });
 * const { dedupKey } = await client.trigger({
 *   payload: { summary: "Disk full on db-1", source: "db-1", severity: "critical" },
 * });
 * await client.resolve({ dedupKey });
 */
export class PagerDutyEventsClient {
  readonly #options: ClientOptions;
  readonly #routingKey: string;
  readonly #transport: Transport;
  readonly #deliverer: Deliverer;

  /** @throws PagerDutyValidationError with every fault of the options */
  constructor(options: ClientOptions) {
    validateOptions(options);
    const { clock = systemClock, timeoutMs = defaultTimeoutMs, hooks = {}, random = Math.random } = options;
    const base = eventsUrl(options);
    const endpoints = { alert: new URL(enqueueUrl(base, "alert")), change: new URL(enqueueUrl(base, "change")) };
    this.#options = options;
    this.#routingKey = options.routingKey.trim();
    this.#transport = makeTransport(options, endpoints, clock);
    this.#deliverer = new Deliverer({
      redactor: new Redactor([this.#routingKey], "[routing key]"),
      endpoints,
      transport: this.#transport,
      limiter: options.limiter ?? sharedLimiter(this.#routingKey, clock),
      policy: retryPolicy(options.retry),
      timeoutMs,
      hooks,
      clock,
      random,
    });
  }

  /**
   * Opens an alert, or adds to the open one with the same key. A retry never opens a second alert: without a key the client makes
   * one and keeps it for the retries.
   *
   * @throws PagerDutyValidationError, before anything is sent
   * @throws PagerDutyNetworkError, PagerDutyRateLimitError, PagerDutyApiError when no attempt was accepted
   */
  async trigger(input: TriggerInput, { signal }: CallOptions = {}): Promise<AlertAccepted> {
    validate(checkTrigger, input, "invalid_event");
    const { client = this.#options.client, clientUrl = this.#options.clientUrl } = input;
    return await this.#deliverAlert(buildTriggerEvent(this.#routingKey, { ...input, client, clientUrl }), signal);
  }

  /** Says that a person works on an open alert. If the alert is not open, PagerDuty accepts and drops it. Throws as `trigger`. */
  async acknowledge(input: AcknowledgeInput, { signal }: CallOptions = {}): Promise<AlertAccepted> {
    validate(checkDedupKey, input, "invalid_event");
    return await this.#deliverAlert(buildKeyEvent(this.#routingKey, "acknowledge", input.dedupKey), signal);
  }

  /** Ends an open alert. If the alert is not open, PagerDuty accepts and drops it. Throws as `trigger`. */
  async resolve(input: ResolveInput, { signal }: CallOptions = {}): Promise<AlertAccepted> {
    validate(checkDedupKey, input, "invalid_event");
    return await this.#deliverAlert(buildKeyEvent(this.#routingKey, "resolve", input.dedupKey), signal);
  }

  /**
   * Records a change, such as a deployment, beside the service's incidents. It does not page. It has no key: if an answer is lost
   * and the event is sent again, it may appear twice. Throws as `trigger`.
   */
  async change(input: ChangeInput, { signal }: CallOptions = {}): Promise<Accepted> {
    validate(this.#checkChange, input, "invalid_event");
    const { body, dropped } = serializeEvent(buildChangeEvent(this.#routingKey, input));
    const { answer, attempts } = await this.#deliverer.deliver({
      operation: "change",
      endpoint: "change",
      body,
      signal,
    });
    const { message } = parseAnswerBody(answer.body);
    return { attempts, dropped, ...(message !== undefined && { message }) };
  }

  /**
   * Sends any event, for programs in which the action is a value. Throws as `trigger`.
   *
   * @example
   * await client.send({ action: "resolve", dedupKey: "db-1/disk" });
   */
  send(event: AlertInput, options?: CallOptions): Promise<AlertAccepted>;
  send(event: EventInput, options?: CallOptions): Promise<AlertAccepted | Accepted>;
  async send(event: EventInput, options: CallOptions = {}): Promise<AlertAccepted | Accepted> {
    validate(checkEventInput, event, "invalid_event");
    const { action, ...input } = event;
    switch (action) {
      case "trigger":
        return await this.trigger(input as TriggerInput, options);
      case "acknowledge":
        return await this.acknowledge(input as AcknowledgeInput, options);
      case "resolve":
        return await this.resolve(input as ResolveInput, options);
      case "change":
        return await this.change(input as ChangeInput, options);
    }
  }

  /**
   * Checks whether PagerDuty can be reached (DNS, TCP, TLS) and, with `checkKey`, whether it knows the routing key. It makes no
   * event. It returns failures and throws only when it is aborted.
   */
  async health({ checkKey = false, signal }: HealthOptions = {}): Promise<Health> {
    // Before the transport, which loads at its first use.
    signal?.throwIfAborted();
    const started = performance.now();
    try {
      await this.#transport.reach({ timeoutMs: this.#options.timeoutMs ?? defaultTimeoutMs, signal });
    } catch (error) {
      if (!(error instanceof PagerDutyNetworkError)) throw error;
      return { reachable: false, latencyMs: performance.now() - started, error };
    }
    const reached = { reachable: true, latencyMs: performance.now() - started } as const;
    if (!checkKey) return { ...reached, key: "unchecked" };
    const { body } = serializeEvent(
      buildKeyEvent(this.#routingKey, "resolve", `tocsin-key-check-${crypto.randomUUID()}`),
    );
    try {
      await this.#deliverer.deliver({ operation: "health", endpoint: "alert", body, signal, retries: 0 });
      return { ...reached, key: "accepted" };
    } catch (error) {
      if (!(error instanceof PagerDutyError)) throw error;
      return { ...reached, key: isBadRequest(error) || isAuthError(error) ? "refused" : "unknown", error };
    }
  }

  /** Closes idle connections. Calls in flight go on, and the client can still be used. */
  close(): void {
    this.#transport.close();
  }

  async #deliverAlert(
    event: AlertEvent & { dedup_key: string },
    signal: AbortSignal | undefined,
  ): Promise<AlertAccepted> {
    const { body, dropped } = serializeEvent(event);
    const delivery = { operation: event.event_action, endpoint: "alert", body, signal } as const;
    const { answer, attempts } = await this.#deliverer.deliver(delivery);
    // The 202 alone decides. Its body may be empty.
    const { dedupKey = event.dedup_key, message } = parseAnswerBody(answer.body);
    return { dedupKey, attempts, dropped, ...(message !== undefined && { message }) };
  }

  readonly #checkChange: Check = (input, path, issues) => {
    checkChange(input, path, issues);
    if (acceptsChanges(this.#routingKey)) return;
    issues.push({
      path: "routingKey",
      message: "is that of a ruleset (it starts with R), which takes no change events",
    });
  };
}

function makeTransport(
  { fetch, ca, proxy, maxConnections = 64, userAgent: prefix }: ClientOptions,
  endpoints: Endpoints,
  clock: Clock,
): Transport {
  const own = `tocsin-pagerduty/${version} (${runtime()})`;
  const userAgent = prefix === undefined ? own : `${prefix} ${own}`;
  if (fetch) return new FetchTransport({ fetch, endpoints, userAgent });
  const options = { endpoints, userAgent, ca, proxy: proxyTo(endpoints.alert, proxy), maxConnections, clock };
  return new LazyTransport(async () => {
    // package.json resolves this name: other runtimes than Node may have no sockets, and then the module is not bundled.
    const { openSocketTransport } = await import("#socket-transport");
    return openSocketTransport(options);
  });
}

/** The runtime, for the `User-Agent`. */
function runtime(): string {
  if (typeof process === "undefined" || process.versions?.node === undefined)
    return globalThis.navigator?.userAgent ?? "unknown runtime";
  return `node/${process.versions.node}; ${process.platform} ${process.arch}`;
}

/** @throws PagerDutyValidationError when the proxy's URL is wrong */
function proxyTo(url: URL, proxy: ClientOptions["proxy"]): URL | ProxySettings | undefined {
  // Plain HTTP is allowed to this machine only, which needs no proxy.
  if (proxy === false || url.protocol === "http:") return undefined;
  try {
    if (proxy !== undefined) return parseProxy(proxy, "proxy");
    const { https, no } = proxiesFrom(typeof process === "undefined" ? {} : process.env);
    return { https, no };
  } catch (error) {
    if (!(error instanceof ProxyUrlError)) throw error;
    throw new PagerDutyValidationError("invalid_options", [{ path: error.setting, message: error.reason }]);
  }
}
