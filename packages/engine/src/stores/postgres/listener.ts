import type { Clock } from "@tocsin/core/decisions";
import { ChangeWatchers } from "../../ledger/change-watchers.ts";
import { decodeChangedIds } from "./changed-ids.ts";
import { connect, type PostgresServer } from "./connect.ts";
import type { Session } from "./session.ts";
import { channels } from "./notifier.ts";

const retryMs = 1_000;
const silenceMs = 5_000;

/** The other replicas notify changes for this long after a request to do so. The request is repeated three times as often. */
const watchedForMs = 60_000;

export interface ListenerOptions {
  readonly server: PostgresServer;
  readonly clock: Clock;
  /** Called when another replica notifies that something is due; absent: this process has no worker. */
  readonly wake?: (() => void) | undefined;
  /** Requests from all replicas to notify changes for this long. False: until now they did not. */
  readonly watched: (forMs: number) => Promise<boolean>;
}

/**
 * Listens, on a connection of its own, to the notifications of all replicas: that something is due and, while this process has
 * watchers, which incidents changed. Notifications that are sent while the connection is lost do not arrive.
 *
 *     no connection ──connect──► LISTEN due ──first watcher──► LISTEN changed, request notifications ─┐
 *       ▲   ▲                        │  ▲                                   │          every 20 s ◄───┘
 *       │   └───────lost (retry)─────┘  └────last watcher gone──────────────┘
 *       └───────────lost (retry), then watchers get `unknown`───────────────┘
 */
export class Listener {
  readonly watchers = new ChangeWatchers({ begin: () => this.#beginToWatch(), end: () => this.#endWatch() });
  readonly #options: ListenerOptions;
  #session: Session | undefined;
  #connecting = false;
  #retry: NodeJS.Timeout | undefined;
  #cancelNext: (() => void) | undefined;
  #closed = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    if (options.wake) void this.#connect();
  }

  async #connect(): Promise<void> {
    if (this.#connecting) return;
    this.#connecting = true;
    let session: Session | undefined;
    try {
      session = await this.#open();
      if (this.#closed) return await session.end();
      if (this.#options.wake) await session.run([{ sql: `LISTEN ${channels.due}` }], silenceMs);
      // Notifications may have been missed before this connection listened.
      this.#options.wake?.();
      if (this.watchers.any) void this.#listenToChanges(session, true);
    } catch {
      // For example, a standby does not support LISTEN.
      session?.close(new Error("the server cannot be listened to"));
      this.#again();
    } finally {
      this.#connecting = false;
    }
  }

  async #open(): Promise<Session> {
    const session = (this.#session = await connect(this.#options.server));
    session.client.on("notification", ({ channel, payload = "" }) => {
      if (channel === channels.changed) this.watchers.notify(decodeChangedIds(payload));
      else this.#options.wake?.();
    });
    session.client.on("end", () => this.#lost(session));
    session.client.on("error", () => session.close(new Error("the listening connection was lost")));
    return session;
  }

  #lost(session: Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#cancelNext?.();
    this.#again();
  }

  #again(): void {
    if (this.#closed || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      if (this.#options.wake || this.watchers.any) void this.#connect();
    }, retryMs);
  }

  #beginToWatch(): void {
    if (this.#closed) return;
    if (this.#session) void this.#listenToChanges(this.#session, true);
    else if (!this.#retry) void this.#connect();
  }

  /** Listens first, then requests notifications from the others, and repeats this, so that a silent server is noticed too. */
  async #listenToChanges(session: Session, fresh: boolean): Promise<void> {
    this.#cancelNext?.();
    let requested = false;
    try {
      await session.run([{ sql: `LISTEN ${channels.changed}` }], silenceMs);
      const unbroken = await this.#options.watched(watchedForMs);
      requested = true;
      if (fresh || !unbroken) this.watchers.notify("unknown");
    } catch {
      // After a lost connection all of this begins again. If only the ledger was unavailable, the request is repeated.
    }
    if (this.#session !== session || !this.watchers.any) return;
    this.#cancelNext?.();
    this.#cancelNext = this.#options.clock.after(
      requested ? watchedForMs / 3 : retryMs,
      () => void this.#listenToChanges(session, fresh && !requested),
    );
  }

  #endWatch(): void {
    this.#cancelNext?.();
    const session = this.#session;
    if (!session) return;
    if (this.#options.wake) {
      // If the connection is lost, it listens to nothing any more.
      session.run([{ sql: `UNLISTEN ${channels.changed}` }], silenceMs).catch(() => {});
      return;
    }
    this.#session = undefined;
    void session.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#cancelNext?.();
    await this.#session?.end();
  }
}
