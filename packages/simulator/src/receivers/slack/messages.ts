/** A message as a channel shows it. */
export interface Message {
  readonly channel: string;
  /** Its name in Slack: seconds and a counter, `1503435956.000247`. Never a number. */
  readonly ts: string;
  /** Hash of the webhook's URL or of the token. */
  readonly key: string;
  readonly postedAtMs: number;
  readonly threadTs?: string | undefined;
  /** A reply that is also shown in the channel. */
  readonly broadcast?: true;
  text: string;
  blocks?: unknown;
  attachments?: unknown;
  /** How often it was changed by `chat.update`. */
  updates: number;
}

/** All messages, by channel and ts. The oldest go when there are too many. */
export class Messages {
  readonly #most: number;
  readonly #messages = new Map<string, Message>();
  #counter = 0;
  onChange: ((message: Message) => void) | undefined;
  onDelete: ((message: Message) => void) | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Unique, and in the order of posting. */
  makeTs(atMs: number): string {
    this.#counter = (this.#counter + 1) % 1_000_000;
    return `${Math.floor(atMs / 1000)}.${String(this.#counter).padStart(6, "0")}`;
  }

  put(message: Message): void {
    this.restore(message);
    this.onChange?.(message);
  }

  /** Puts back what a file kept. */
  restore(message: Message): void {
    this.#counter = Math.max(this.#counter, Number(message.ts.split(".")[1]));
    this.#messages.set(`${message.channel} ${message.ts}`, message);
    if (this.#messages.size <= this.#most) return;
    const oldest = this.#messages.keys().next();
    if (oldest.done !== true) this.#messages.delete(oldest.value);
  }

  find(channel: string, ts: string): Message | undefined {
    return this.#messages.get(`${channel} ${ts}`);
  }

  /** A time stamp is unique in all channels here. */
  findByTs(ts: string): Message | undefined {
    return this.list().find((message) => message.ts === ts);
  }

  /** A person deletes the message. False when there is none. */
  deleteByTs(ts: string): boolean {
    const message = this.findByTs(ts);
    if (message === undefined) return false;
    this.forget(message);
    this.onDelete?.(message);
    return true;
  }

  forget({ channel, ts }: Pick<Message, "channel" | "ts">): void {
    this.#messages.delete(`${channel} ${ts}`);
  }

  list(): Message[] {
    return [...this.#messages.values()];
  }

  clear(): void {
    this.#messages.clear();
    this.#counter = 0;
  }
}
