import type { Lease, Recorded } from "@tocsin/core";
import type { Attempt } from "@tocsin/engine";
import type { Transport } from "@tocsin/http";

/** Makes one attempt, as the worker calls it. `traceparent` is that of the attempt, if it is traced. */
export type Publish = (lease: Lease & { readonly traceparent?: string }, signal: AbortSignal) => Promise<Attempt>;

/** The senders that publishers use. */
export type PublisherTransport = Pick<Transport, "for">;

/** A request that brings alerts. */
export interface TracedRequest {
  readonly method: string;
  /** The pattern of its path. */
  readonly route: string;
  /** The header `traceparent` as it came. If it is not valid, a new trace begins. */
  readonly traceparent: string | undefined;
  /** Wall clock, ms. */
  readonly startedAtMs: number;
}

/** The span of a request that brings alerts. */
export interface RequestSpan {
  /** W3C `traceparent` of this span: its claims carry it, and the ledger stores it with the incidents that they make due. */
  readonly context: string;
  /** Begins the span of reading and recording alerts of this request. `startedAtMs`: wall clock, ms. */
  record(startedAtMs: number): RecordSpan;
  /** `status`: that of the response. */
  end(status: number): void;
}

/** The span of reading and recording alerts. Exactly one of its methods is called, once. */
export interface RecordSpan {
  /** They are durable. Links the span to the other traces of their incidents. */
  end(recorded: readonly Recorded[]): void;
  /** The ledger did not record them. */
  fail(): void;
}

/**
 * Follows an alert from its request to each attempt. The port of `traces/open-telemetry-tracing.ts`, which is loaded only if
 * `telemetry.traces` is set: without it there is no `Tracing`, and nothing is done for it. No method throws, and none waits for
 * the collector.
 */
export interface Tracing {
  receive(request: TracedRequest): RequestSpan;
  /** Adds spans to the attempts of incidents that have a trace. */
  traced(publish: Publish): Publish;
  /** Adds a span to each request of a traced attempt. */
  tracedTransport(transport: PublisherTransport): PublisherTransport;
  /** Exports what has ended, for two seconds at most. */
  stop(): Promise<void>;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header. Later versions may have more fields behind these. */
const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?=$|-)/;

/** The parts of a `traceparent`. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** Bit 0: the trace is sampled. */
  readonly traceFlags: number;
}

/** Undefined: it is not valid. */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [whole, traceId, spanId, flags] = traceparent.exec(text) ?? [];
  if (whole === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (text.startsWith("00") && whole.length !== text.length) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1 };
}

/** Writes a context in the present version. 55 characters. */
export const formatTraceparent = ({ traceId, spanId, traceFlags }: TraceContext): string =>
  `00-${traceId}-${spanId}-0${traceFlags & 1}`;

/** The trace id in a `traceparent` that `formatTraceparent` wrote. */
export const traceIdOf = (context: string): string => context.slice(3, 35);
