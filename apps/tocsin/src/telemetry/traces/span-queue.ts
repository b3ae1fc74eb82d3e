import type { Clock } from "@tocsin/core";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { SpanDropReason } from "./span-drop-reasons.ts";

/** The result of sending spans. `retry`: the collector may take them later. */
export type Sent =
  | { readonly kind: "sent"; readonly rejected: number }
  | { readonly kind: "retry" | "refused"; readonly problem: string };

export interface SpanQueueOptions {
  readonly clock: Clock;
  /** Sends spans. Never rejects, and ends when the signal aborts. */
  readonly send: (spans: readonly ReadableSpan[], signal: AbortSignal) => Promise<Sent>;
  readonly dropped: (count: number, why: SpanDropReason) => void;
  /** The collector did not take spans. */
  readonly failed: (problem: string) => void;
}

/** Most spans in memory: about 4 MB. Further ones are dropped until the collector takes some. */
const maxSpans = 4_096;
/** Most spans in one request: their JSON takes about 2 ms of CPU. */
const maxBatch = 256;
const everyMs = 1_000;
/** Wait after a failure. */
const retryMs = 5_000;
/** Longest wait for a response. */
const timeoutMs = 5_000;
/** Longest time for the last spans when the service stops. */
const maxStopMs = 2_000;

/**
 * Collects spans that have ended and sends them in the background, at most one request at a time. A slow or unreachable collector
 * costs spans and nothing else.
 */
export class SpanQueue implements SpanProcessor {
  readonly #o: SpanQueueOptions;
  readonly #spans: ReadableSpan[] = [];
  /** The request in flight. */
  #sending: Promise<void> | undefined;
  #cancelWait: (() => void) | undefined;
  readonly #stopping = new AbortController();
  #stopped = false;

  constructor(options: SpanQueueOptions) {
    this.#o = options;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & 1) === 0) return;
    if (this.#stopped || this.#spans.length >= maxSpans) return this.#o.dropped(1, "queue_full");
    this.#spans.push(span);
    if (this.#sending === undefined) this.#sendAfter(everyMs);
  }

  async forceFlush(): Promise<void> {}

  /** Sends the rest, for two seconds at most, and drops what is left then. */
  async shutdown(): Promise<void> {
    const { clock, dropped } = this.#o;
    const cancel = clock.after(maxStopMs, () => this.#stopping.abort());
    this.#stopped = true;
    this.#cancelWait?.();
    await this.#sending;
    while (this.#spans.length > 0 && !this.#stopping.signal.aborted) {
      const before = this.#spans.length;
      await this.#sendBatch();
      // The collector takes nothing now.
      if (this.#spans.length >= before) break;
    }
    cancel();
    if (this.#spans.length > 0) dropped(this.#spans.splice(0).length, "export_failed");
  }

  #sendAfter(ms: number): void {
    if (this.#cancelWait !== undefined || this.#stopped) return;
    this.#cancelWait = this.#o.clock.after(ms, () => {
      this.#cancelWait = undefined;
      this.#sending = this.#sendNext();
    });
  }

  async #sendNext(): Promise<void> {
    const waitMs = await this.#sendBatch();
    this.#sending = undefined;
    if (this.#spans.length > 0) this.#sendAfter(waitMs);
  }

  /** Returns the time until the next request, ms. */
  async #sendBatch(): Promise<number> {
    const { clock, send, dropped, failed } = this.#o;
    const batch = this.#spans.splice(0, maxBatch);
    const timeout = new AbortController();
    const cancel = clock.after(timeoutMs, () => timeout.abort());
    const sent = await send(batch, AbortSignal.any([timeout.signal, this.#stopping.signal]));
    cancel();
    if (sent.kind === "sent") {
      if (sent.rejected > 0) dropped(sent.rejected, "rejected");
      return this.#spans.length >= maxBatch ? 0 : everyMs;
    }
    failed(sent.problem);
    if (sent.kind === "refused") dropped(batch.length, "export_failed");
    // The oldest spans wait for the next request. While they were away, newer ones may have taken their place.
    else {
      const room = Math.max(0, maxSpans - this.#spans.length);
      if (batch.length > room) dropped(batch.length - room, "queue_full");
      this.#spans.unshift(...batch.slice(0, room));
    }
    return retryMs;
  }
}
