/** The part of a clock that senders need. `VirtualClock` has it too. */
export interface Timer {
  /** Ms since epoch; never set back. */
  monotonic(): number;
  after(ms: number, act: () => void): unknown;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly act: () => void;
}

/** Virtual time without promises: thousands of histories a second. */
export class Timeline implements Timer {
  #nowMs: number;
  #order = 0;
  /** A binary heap, the earliest first. */
  readonly #events: Event[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(ms: number, act: () => void): void {
    const events = this.#events;
    events.push({ atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, act });
    for (let at = events.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(events[at] as Event, events[parent] as Event)) break;
      [events[at], events[parent]] = [events[parent] as Event, events[at] as Event];
      at = parent;
    }
  }

  runUntil(untilMs: number): void {
    for (let next = this.#events[0]; next !== undefined && next.atMs <= untilMs; next = this.#events[0]) {
      this.#removeFirst();
      this.#nowMs = next.atMs;
      next.act();
    }
    this.#nowMs = untilMs;
  }

  #removeFirst(): void {
    const events = this.#events;
    const last = events.pop() as Event;
    if (events.length === 0) return;
    events[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < events.length && isEarlier(events[child] as Event, events[least] as Event)) least = child;
      if (least === at) return;
      [events[at], events[least]] = [events[least] as Event, events[at] as Event];
      at = least;
    }
  }
}

const isEarlier = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
