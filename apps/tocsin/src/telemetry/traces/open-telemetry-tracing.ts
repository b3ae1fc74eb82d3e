import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  ParentBasedSampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Clock, Lease, Outcome } from "@tocsin/core";
import type { Attempt } from "@tocsin/engine";
import type { Address, Get, Post, Reply, Sender } from "@tocsin/http";
import {
  formatTraceparent,
  parseTraceparent,
  type Publish,
  type PublisherTransport,
  type RecordSpan,
  type RequestSpan,
  type TracedRequest,
  type Tracing,
} from "../tracing.ts";
import { urlTemplate } from "./url-template.ts";

export interface OpenTelemetryOptions {
  /** 0 to 1: share of the new traces that are exported. A trace that a sender began keeps the sender's decision. */
  readonly sample: number;
  readonly version: string;
  /** Identity of this process. */
  readonly instance: string;
  readonly clock: Pick<Clock, "now">;
  /** Receives the spans that have ended, and is shut down by `stop`. */
  readonly processor: SpanProcessor;
}

/** Longer texts in attributes are cut: senders choose fingerprints. */
const maxAttributeLength = 256;
/** Most links of one span: a request may repeat thousands of alerts. */
const maxLinks = 64;

/** An attempt that is made now. */
interface ActiveAttempt {
  readonly context: Context;
  readonly startedAtMs: number;
  isFormatted: boolean;
}

/** Traces with OpenTelemetry's SDK. */
export class OpenTelemetryTracing implements Tracing {
  readonly #tracer: Tracer;
  readonly #clock: Pick<Clock, "now">;
  readonly #processor: SpanProcessor;
  /** Attempts by their signal, which publishers pass on to the transport. */
  readonly #attempts = new WeakMap<AbortSignal, ActiveAttempt>();

  constructor({ sample, version, instance, clock, processor }: OpenTelemetryOptions) {
    const provider = new TracerProvider({
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sample) }),
      resource: resourceFromAttributes({
        "service.name": "tocsin",
        "service.version": version,
        "service.instance.id": instance,
      }),
      spanLimits: { attributeValueLengthLimit: maxAttributeLength, linkCountLimit: maxLinks },
      spanProcessors: [processor],
    });
    this.#tracer = provider.getTracer("tocsin", version);
    this.#clock = clock;
    this.#processor = processor;
  }

  receive({ method, route, traceparent = "", startedAtMs }: TracedRequest): RequestSpan {
    const options = {
      kind: SpanKind.SERVER,
      startTime: startedAtMs,
      attributes: { "http.request.method": method, "http.route": route },
    };
    const span = this.#tracer.startSpan(`${method} ${route}`, options, contextOf(traceparent));
    const context = trace.setSpan(ROOT_CONTEXT, span);
    return {
      context: formatTraceparent(span.spanContext()),
      record: (sinceMs) => this.#record(context, sinceMs),
      end: (status) => {
        span.setAttribute("http.response.status_code", status);
        if (status >= 500) fail(span, String(status));
        span.end(this.#clock.now());
      },
    };
  }

  #record(request: Context, startTime: number): RecordSpan {
    const span = this.#tracer.startSpan("record", { startTime }, request);
    return {
      end: (recorded) => {
        const duplicates = recorded.filter(({ effect }) => effect === "duplicate").length;
        span.setAttributes({ "tocsin.alerts": recorded.length, "tocsin.duplicates": duplicates });
        const linked = new Set(recorded.flatMap(({ linkedTraces = [] }) => linkedTraces));
        span.addLinks([...linked].slice(0, maxLinks).flatMap(linkTo));
        span.end(this.#clock.now());
      },
      fail: () => {
        fail(span, "ledger_unavailable");
        span.end(this.#clock.now());
      },
    };
  }

  traced(publish: Publish): Publish {
    return (lease, signal) =>
      lease.trace === undefined ? publish(lease, signal) : this.#attempt(publish, lease, lease.trace, signal);
  }

  async #attempt(
    publish: Publish,
    lease: Lease,
    { parent, dueSinceMs, attempt }: NonNullable<Lease["trace"]>,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const startedAtMs = this.#clock.now();
    const above = contextOf(parent);
    const span = this.#tracer.startSpan("attempt", { startTime: startedAtMs }, above);
    if (span.isRecording()) {
      span.setAttributes({ ...attributesOf(lease), "tocsin.attempt": attempt });
      // The backoff before a further attempt of the same event is the gap between their spans.
      if (dueSinceMs !== null && lease.event.token === lease.token)
        this.#tracer
          .startSpan("wait", { startTime: Math.min(dueSinceMs, startedAtMs), attributes: attributesOf(lease) }, above)
          .end(startedAtMs);
    }
    const context = trace.setSpan(ROOT_CONTEXT, span);
    this.#attempts.set(signal, { context, startedAtMs, isFormatted: false });
    const traceparent = formatTraceparent(span.spanContext());
    try {
      const made = await publish({ ...lease, traceparent }, signal);
      endAttempt(span, made.outcome, this.#clock.now());
      return made;
    } catch (error) {
      fail(span, "bug");
      span.end(this.#clock.now());
      throw error;
    }
  }

  tracedTransport(transport: PublisherTransport): PublisherTransport {
    return {
      for: (trust) => {
        const sender = transport.for(trust);
        return {
          post: (post) => this.#send(post, post.method ?? "POST", () => sender.post(post)),
          get: (get) => this.#send(get, "GET", () => sender.get(get)),
        } satisfies Sender;
      },
    };
  }

  async #send({ address, signal }: Post | Get, method: string, send: () => Promise<Reply>): Promise<Reply> {
    const attempt = signal && this.#attempts.get(signal);
    if (attempt === undefined) return send();
    const startTime = this.#clock.now();
    if (!attempt.isFormatted) {
      attempt.isFormatted = true;
      this.#tracer.startSpan("format", { startTime: attempt.startedAtMs }, attempt.context).end(startTime);
    }
    const template = urlTemplate(address.path);
    const attributes = { "http.request.method": method, ...originOf(address), "url.template": template };
    const options = { kind: SpanKind.CLIENT, startTime, attributes };
    const span = this.#tracer.startSpan(`${method} ${template}`, options, attempt.context);
    const reply = await send();
    endRequest(span, reply, this.#clock.now());
    return reply;
  }

  stop(): Promise<void> {
    return this.#processor.shutdown();
  }
}

/** The context whose spans continue the trace of a `traceparent`. If that is not valid, they begin a new trace. */
function contextOf(traceparent: string): Context {
  const parsed = parseTraceparent(traceparent);
  return parsed === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parsed, isRemote: true });
}

function linkTo(traceparent: string): Link[] {
  const context = parseTraceparent(traceparent);
  return context === undefined ? [] : [{ context }];
}

/** No label and no annotation of the alert is in a span. */
const attributesOf = ({ target, incident, action, severity, alertJson }: Lease): Attributes => ({
  "tocsin.target": target,
  "tocsin.incident": incident,
  "tocsin.action": action,
  "tocsin.severity": severity,
  "tocsin.fingerprint": (JSON.parse(alertJson) as { readonly fingerprint: string }).fingerprint,
});

/** Without path and query, which may be a credential. */
function originOf({ origin }: Address): Attributes {
  const { protocol, hostname, port } = new URL(origin);
  const scheme = protocol.slice(0, -1);
  return {
    "url.scheme": scheme,
    "server.address": hostname,
    "server.port": Number(port || (scheme === "https" ? 443 : 80)),
  };
}

function endAttempt(span: Span, outcome: Outcome, nowMs: number): void {
  span.setAttribute("tocsin.outcome", outcome.kind);
  if (outcome.kind !== "accepted" && outcome.kind !== "interrupted") {
    span.setAttribute("tocsin.reason", outcome.reason);
    fail(span, outcome.reason);
  }
  span.end(nowMs);
}

function endRequest(span: Span, reply: Reply, nowMs: number): void {
  if (reply.kind === "answered") {
    span.setAttribute("http.response.status_code", reply.status);
    if (reply.status >= 400) fail(span, String(reply.status));
  } else fail(span, reply.kind === "failed" ? reply.reason : reply.timeout ? "timeout" : "interrupted");
  span.end(nowMs);
}

/** Without a message: the words of a receiver may repeat a credential. */
function fail(span: Span, type: string): void {
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
