import type { Service } from "./tocsin.ts";

export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: any;
}

export interface ListenerOptions {
  /** With its question mark. */
  readonly query?: string;
  readonly headers?: Record<string, string>;
}

/** One who listens to `/api/v1/events/stream`, as a browser's EventSource does. */
export class Listener implements AsyncDisposable {
  readonly events: StreamEvent[] = [];
  /** All that came. */
  text = "";
  /** Resolves when the service ends the stream, or it is left. */
  readonly ended: Promise<void>;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.#abort = abort;
    this.ended = this.#read(response).catch(() => {});
  }

  /** @throws Error unless it is answered 200 */
  static async open({ url }: Service, { query = "", headers = {} }: ListenerOptions = {}): Promise<Listener> {
    const abort = new AbortController();
    const response = await fetch(`${url}/api/v1/events/stream${query}`, { headers, signal: abort.signal });
    if (response.status !== 200) throw new Error(`answered ${response.status}: ${await response.text()}`);
    return new Listener(response, abort);
  }

  async #read({ body }: Response): Promise<void> {
    let rest = "";
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      this.text += text;
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        const data = field("data");
        if (data !== undefined)
          this.events.push({ id: field("id") ?? "", event: field("event") ?? "", data: JSON.parse(data) });
      }
    }
  }

  get lastId(): string {
    return this.events.at(-1)?.id ?? "";
  }

  /** The events about an alert's incident. */
  of(fingerprint: string): any[] {
    return this.events.flatMap(({ event, data }) =>
      event === "incident" && data.members.includes(fingerprint) ? [data] : [],
    );
  }

  get resets(): number {
    return this.events.filter(({ event }) => event === "reset").length;
  }

  async leave(): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }
}
