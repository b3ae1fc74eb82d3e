import { randomBytes } from "node:crypto";
import { type ChangedIncidents, type Clock, type IncidentView, type Ledger, LedgerUnavailable } from "@tocsin/core";
import type { Logger } from "../telemetry/logger.ts";
import { ReplayBuffer, type Numbered } from "./replay-buffer.ts";

/** Minimum time between two reads of changes: several changes of an incident in between are sent once. */
const lookEveryMs = 250;
/**
 * The same after too many changes, or while the ledger is unavailable: clients that reload their lists should not do so all the
 * time.
 */
const calmMs = 2_000;
/** More changes than this at once are not sent one by one, because reading the list costs less. */
const maxAtOnce = 200;
/** Time for which changes are watched without a listener: a disconnected client usually comes back. */
const lingerMs = 30_000;
/** Keep-alive interval: proxies close idle connections, often after 60 s. */
const beatMs = 15_000;
const maxListeners = 100;
/** Time after which a disconnected client connects again. */
const retryMs = 2_000;
const backlogBounds = { maxEvents: 1_000, maxLength: 256 * 1_024 };

export interface Listener {
  /** Selects the incidents that the listener receives. */
  readonly concerns: (view: IncidentView) => boolean;
  /** Writes text in the format of server-sent events. */
  readonly send: (text: string) => void;
  readonly end: () => void;
}

interface StreamEvent extends Numbered {
  readonly view: IncidentView;
}

export interface IncidentStreamOptions {
  readonly ledger: Pick<Ledger, "watch" | "incidentsOf">;
  readonly clock: Clock;
  readonly log: Pick<Logger, "error">;
  /** Returns an incident as lists show it. */
  readonly body: (view: IncidentView) => unknown;
}

/**
 * Sends changes to its listeners as server-sent events: `incident` with its newest state, `reset` if some changes may have been
 * missed. A stream starts with `reset` unless it continues after the last event that the listener has.
 */
export class IncidentStream {
  readonly #options: IncidentStreamOptions;
  readonly #listeners = new Set<Listener>();
  readonly #buffer = new ReplayBuffer<StreamEvent>(backlogBounds);
  /** Distinguishes this process: event numbers are valid only for it. */
  readonly #life = randomBytes(6).toString("hex");
  #seq = 0;
  #unwatch: (() => void) | undefined;
  /** Changes are watched from now on. */
  #hears = false;
  #missed = false;
  readonly #changed = new Set<number>();
  /** A read is running, or its timer is set. */
  #looking = false;
  #cancelLook: (() => void) | undefined;
  #nextLookAtMs = Number.NEGATIVE_INFINITY;
  #cancelBeat: (() => void) | undefined;
  #cancelEnd: (() => void) | undefined;
  #stopped = false;

  constructor(options: IncidentStreamOptions) {
    this.#options = options;
  }

  /** Returns why no further listener is accepted; undefined: one is. */
  get refusal(): string | undefined {
    if (this.#stopped) return "the service is stopping";
    return this.#listeners.size < maxListeners ? undefined : `${maxListeners} streams are open, which is the limit`;
  }

  /** Returns the function that removes the listener. */
  join(listener: Listener, lastEventId?: string): () => void {
    const { ledger, clock } = this.#options;
    this.#cancelEnd?.();
    this.#cancelBeat ??= clock.after(beatMs, () => this.#beat());
    this.#listeners.add(listener);
    listener.send(`retry: ${retryMs}\n\n`);
    if (!this.#unwatch) this.#unwatch = ledger.watch((incidents) => this.#heard(incidents));
    else if (this.#hears) this.#catchUp(listener, lastEventId);
    return () => this.#leave(listener);
  }

  #catchUp(listener: Listener, lastEventId = ""): void {
    const [life, seq] = lastEventId.split("-");
    const events = life === this.#life ? this.#buffer.after(Number(seq)) : undefined;
    if (events) tell(listener, events);
    else listener.send(this.#text("reset", {}));
  }

  #leave(listener: Listener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0 || this.#stopped) return;
    this.#cancelEnd = this.#options.clock.after(lingerMs, () => this.#endWatch());
  }

  #endWatch(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#hears = false;
    this.#missed = false;
    this.#changed.clear();
  }

  #beat(): void {
    for (const { send } of this.#listeners) send(":\n\n");
    this.#cancelBeat = this.#listeners.size > 0 ? this.#options.clock.after(beatMs, () => this.#beat()) : undefined;
  }

  #heard(incidents: ChangedIncidents): void {
    if (incidents === "unknown") this.#missed = true;
    else if (!this.#missed) for (const id of incidents) this.#changed.add(id);
    this.#missed ||= this.#changed.size > maxAtOnce;
    if (this.#missed) this.#changed.clear();
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#looking || (!this.#missed && this.#changed.size === 0)) return;
    this.#looking = true;
    const { clock } = this.#options;
    const waitMs = Math.max(0, this.#nextLookAtMs - clock.monotonic());
    this.#cancelLook = clock.after(waitMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const restMs = this.#missed ? this.#reset() : await this.#sayChanged();
    this.#nextLookAtMs = this.#options.clock.monotonic() + restMs;
    this.#looking = false;
    this.#lookSoon();
  }

  /** Returns how long to wait before the next read, in ms. */
  async #sayChanged(): Promise<number> {
    const ids = [...this.#changed];
    this.#changed.clear();
    const watch = this.#unwatch;
    try {
      const views = await this.#options.ledger.incidentsOf(ids);
      if (watch === this.#unwatch) this.#say(views);
      return lookEveryMs;
    } catch (error) {
      if (watch !== this.#unwatch) return lookEveryMs;
      if (error instanceof LedgerUnavailable) for (const id of ids) this.#changed.add(id);
      else {
        this.#options.log.error(
          { event: "stream_bug", err: error, reason: "bug" },
          "Sending changes to stream listeners failed because of a bug: they receive a reset",
        );
        this.#missed = true;
      }
      return calmMs;
    }
  }

  #reset(): number {
    const restMs = this.#hears ? calmMs : lookEveryMs;
    this.#hears = true;
    this.#missed = false;
    this.#buffer.forget(++this.#seq);
    const text = this.#text("reset", {});
    for (const { send } of this.#listeners) send(text);
    return restMs;
  }

  #say(views: readonly IncidentView[]): void {
    const events = views.map((view): StreamEvent => {
      const seq = ++this.#seq;
      return { seq, text: this.#text("incident", this.#options.body(view)), view };
    });
    for (const event of events) this.#buffer.add(event);
    for (const listener of this.#listeners) tell(listener, events);
  }

  /** JSON on one line holds no line break, so one `data` field is enough. */
  #text(event: string, data: unknown): string {
    return `id: ${this.#life}-${this.#seq}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  /** Ends all streams at once; clients may connect again. */
  end(): void {
    for (const listener of this.#listeners) {
      listener.end();
      this.#leave(listener);
    }
  }

  /** Ends all streams and accepts no new ones. */
  stop(): void {
    this.#stopped = true;
    this.#cancelBeat?.();
    this.#cancelEnd?.();
    this.#cancelLook?.();
    this.#endWatch();
    this.end();
  }
}

/** Writes all in one piece: with many listeners the number of writes costs most. */
function tell({ concerns, send }: Listener, events: readonly StreamEvent[]): void {
  const concerning = events.filter(({ view }) => concerns(view));
  if (concerning.length > 0) send(concerning.map(({ text }) => text).join(""));
}
