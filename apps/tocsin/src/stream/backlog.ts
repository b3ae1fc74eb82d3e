/** An event as it was sent: numbered without gaps but where nothing is kept of what came before. */
export interface Numbered {
  readonly seq: number;
  readonly text: string;
}

export interface BacklogBounds {
  readonly mostEvents: number;
  /** Of all their texts, in UTF-16 units. */
  readonly mostLength: number;
}

/** The events that were sent last, for who was cut off for a moment. */
export class Backlog<E extends Numbered> {
  readonly #bounds: BacklogBounds;
  #events: E[] = [];
  #length = 0;
  /** All after this one are kept. */
  #floor = 0;

  constructor(bounds: BacklogBounds) {
    this.#bounds = bounds;
  }

  add(event: E): void {
    const { mostEvents, mostLength } = this.#bounds;
    this.#events.push(event);
    this.#length += event.text.length;
    while (this.#events.length > mostEvents || this.#length > mostLength) {
      const oldest = this.#events.shift();
      if (!oldest) return;
      this.#length -= oldest.text.length;
      this.#floor = oldest.seq;
    }
  }

  /** What was sent up to here is no use to anybody. */
  forget(seq: number): void {
    this.#events = [];
    this.#length = 0;
    this.#floor = seq;
  }

  /** What was sent after this one; undefined where not all of it is known. */
  after(seq: number): readonly E[] | undefined {
    const last = this.#events.at(-1)?.seq ?? this.#floor;
    // What is no number is neither.
    if (!(seq >= this.#floor && seq <= last)) return undefined;
    return this.#events.filter((event) => event.seq > seq);
  }
}
