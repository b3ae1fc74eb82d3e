/** An event as it was sent. Numbers have no gaps, except when everything before was deleted. */
export interface Numbered {
  readonly seq: number;
  readonly text: string;
}

export interface ReplayBufferBounds {
  readonly maxEvents: number;
  /** Total length of the texts, in UTF-16 units. */
  readonly maxLength: number;
}

/** Keeps the last events for clients that were disconnected for a moment. */
export class ReplayBuffer<E extends Numbered> {
  readonly #bounds: ReplayBufferBounds;
  #events: E[] = [];
  #length = 0;
  /** All events after this number are kept. */
  #floor = 0;

  constructor(bounds: ReplayBufferBounds) {
    this.#bounds = bounds;
  }

  add(event: E): void {
    const { maxEvents, maxLength } = this.#bounds;
    this.#events.push(event);
    this.#length += event.text.length;
    while (this.#events.length > maxEvents || this.#length > maxLength) {
      const oldest = this.#events.shift();
      if (!oldest) return;
      this.#length -= oldest.text.length;
      this.#floor = oldest.seq;
    }
  }

  /** Deletes everything up to here, because it is of no use to any client. */
  forget(seq: number): void {
    this.#events = [];
    this.#length = 0;
    this.#floor = seq;
  }

  /** Returns the events after this one; undefined if not all of them are known. */
  after(seq: number): readonly E[] | undefined {
    const last = this.#events.at(-1)?.seq ?? this.#floor;
    // This is also true for NaN.
    if (!(seq >= this.#floor && seq <= last)) return undefined;
    return this.#events.filter((event) => event.seq > seq);
  }
}
