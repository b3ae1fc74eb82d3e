import { parseEvents, type ServerEvent } from "./parse-events.ts";
import { reconnectDelayMs } from "./reconnect-delay.ts";

export interface EventStreamOptions {
  /** Opens the stream: resolves when the headers have arrived. */
  readonly open: (headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>;
  readonly onEvent: (event: ServerEvent) => void;
  readonly onState: (state: StreamState) => void;
}

/** `refused`: the service demands a login. `retryAtMs`: epoch of the next try. */
export type StreamState =
  | { readonly is: "connecting" | "open" | "refused" }
  | { readonly is: "cut"; readonly retryAtMs: number };

/** The service sends a comment every 15 s; without one for this time the connection is dead, even if it looks open. */
const silenceMs = 40_000;

/** Time for which a connection must have lasted so that the next failure counts as the first. */
const stableMs = 10_000;

/**
 * Reads the service's events until it is closed, and connects again after each cut. The service repeats what was missed, or says
 * `reset`, so a listener that reads its list again after a reset misses nothing.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  #lastId: string | undefined;
  #failures = 0;
  #closed = false;
  #aborter: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Connects at once instead of waiting, for example when the network is back. */
  retryNow(): void {
    if (this.#closed || this.#aborter) return;
    clearTimeout(this.#timer);
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#aborter?.abort();
  }

  async #connect(): Promise<void> {
    const { open, onState } = this.#options;
    const aborter = new AbortController();
    this.#aborter = aborter;
    onState({ is: "connecting" });
    const startedAtMs = performance.now();
    let refused = false;
    try {
      const headers = {
        accept: "text/event-stream",
        ...(this.#lastId !== undefined && { "last-event-id": this.#lastId }),
      };
      const watched = this.#abortOnSilence(aborter);
      try {
        const response = await open(headers, aborter.signal);
        refused = response.status === 401;
        if (response.ok && response.body) {
          onState({ is: "open" });
          await this.#read(response.body, watched);
        }
      } finally {
        watched.stop();
      }
    } catch {
      // A cut, which the state shows.
    }
    this.#aborter = undefined;
    if (this.#closed) return;
    if (refused) return onState({ is: "refused" });
    this.#failures = performance.now() - startedAtMs > stableMs ? 1 : this.#failures + 1;
    const waitMs = reconnectDelayMs(this.#failures, Math.random());
    onState({ is: "cut", retryAtMs: Date.now() + waitMs });
    this.#timer = setTimeout(() => void this.#connect(), waitMs);
  }

  async #read(body: ReadableStream<Uint8Array>, watched: { readonly heard: () => void }): Promise<void> {
    const parse = parseEvents();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      watched.heard();
      for (const event of parse(decoder.decode(value, { stream: true }))) {
        if (event.id !== undefined) this.#lastId = event.id;
        this.#options.onEvent(event);
      }
    }
  }

  #abortOnSilence(aborter: AbortController): { readonly heard: () => void; readonly stop: () => void } {
    let timer = setTimeout(() => aborter.abort(), silenceMs);
    return {
      heard: () => {
        clearTimeout(timer);
        timer = setTimeout(() => aborter.abort(), silenceMs);
      },
      stop: () => clearTimeout(timer),
    };
  }
}
