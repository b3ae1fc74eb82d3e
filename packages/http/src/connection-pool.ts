import { isIP, type Socket } from "node:net";
import { type Clock, systemClock } from "./clock.ts";
import { connect, type Destination } from "./connect.ts";
import { Connection } from "./connection.ts";

/** Called once, unless it was cancelled before. */
type Use = (error: Error | undefined, connection?: Connection) => void;

/** A request that waits for a connection. */
interface Waiter {
  use: Use;
  /** Stops the wait or the connect. */
  cancel: () => void;
}

export interface ConnectionPoolOptions {
  /** Maximum number of connections. Further requests wait for one. */
  maxConnections: number;
  /** An older connection gets no further request, so that a name that moves is followed. @default 5 minutes */
  maxAgeMs?: number | undefined;
  clock?: Clock | undefined;
}

const defaultMaxAgeMs = 300_000;

/**
 * A connection that was idle for longer gets no request before the event loop has read from it once: the other end may have closed
 * it. Shorter pauses occur in a burst, and there the check would cost more than it finds.
 */
const trustedIdleMs = 5;

/**
 * Open connections to one destination. The one used last is used first, so that the others grow old and close.
 *
 * ```
 *            ┌── opens ──▶ in use ──── response ────▶ idle ──┐
 *  request ──┤               ▲                               │ next request
 *            └── waits ──────┴───────────────────────────────┘
 *  closed instead of idle: older than `maxAgeMs`, or opened before the last failure
 * ```
 */
export class ConnectionPool {
  readonly #to: Destination;
  readonly #maxConnections: number;
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  readonly #idle: { connection: Connection; sinceMs: number }[] = [];
  readonly #waiting = new Set<Waiter>();
  /** Times until which connections may get requests, on the monotonic clock. A connection that is missing here gets no more. */
  readonly #freshUntilMs = new Map<Connection, number>();
  /** Number of connections that are open or opening. */
  #count = 0;
  #failureCount = 0;
  /** When a request last took or returned a connection, on the monotonic clock. */
  #usedMs: number;
  /** The latest TLS session. It saves the expensive half of the next handshake. */
  #session: Buffer | undefined;

  constructor(
    to: Destination,
    { maxConnections, maxAgeMs = defaultMaxAgeMs, clock = systemClock }: ConnectionPoolOptions,
  ) {
    this.#to = to;
    this.#maxConnections = maxConnections;
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
    this.#usedMs = clock.monotonic();
  }

  /** Returns whether no request needs this pool, and none has needed it since then (monotonic clock). */
  isUnusedSince(atMs: number): boolean {
    return this.#usedMs < atMs && this.#waiting.size === 0 && this.#count === this.#idle.length;
  }

  /**
   * Gives a connection for one request, at once if one is idle.
   *
   * @returns a function that stops the wait. It does nothing after a connection was given.
   */
  take(use: Use): () => void {
    const waiter: Waiter = { use, cancel: () => {} };
    this.#serve(waiter);
    return () => waiter.cancel();
  }

  /** Closes idle connections. */
  close(): void {
    for (const { connection } of this.#idle.splice(0)) connection.destroy();
  }

  #serve(waiter: Waiter): void {
    const nowMs = (this.#usedMs = this.#clock.monotonic());
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      const { connection, sinceMs } = idle;
      if (!this.#isFresh(connection, nowMs)) connection.destroy();
      else if (nowMs - sinceMs > trustedIdleMs) return this.#giveAfterCheck(connection, waiter);
      else return this.#give(connection, waiter);
    }
    waiter.cancel = () => this.#waiting.delete(waiter);
    if (this.#count < this.#maxConnections) this.#open(waiter);
    else this.#waiting.add(waiter);
  }

  #give(connection: Connection, waiter: Waiter): void {
    waiter.cancel = () => {};
    waiter.use(undefined, connection);
  }

  #giveAfterCheck(connection: Connection, waiter: Waiter): void {
    const decide = () => {
      if (this.#isFresh(connection)) return this.#give(connection, waiter);
      connection.destroy();
      this.#serve(waiter);
    };
    // The first immediate may run in the same turn of the loop. Between it and the second one the loop reads its sockets.
    let immediate = setImmediate(() => (immediate = setImmediate(decide)));
    waiter.cancel = () => {
      clearImmediate(immediate);
      this.#offer(connection);
    };
  }

  #open(waiter: Waiter): void {
    this.#count++;
    const failuresBefore = this.#failureCount;
    const done = (error: Error | undefined, socket?: Socket) => {
      waiter.cancel = () => {};
      if (socket) return waiter.use(undefined, this.#adopt(socket, failuresBefore === this.#failureCount));
      this.#makeRoom();
      waiter.use(error);
    };
    const cancel = connect(this.#to, done, {
      clock: this.#clock,
      session: this.#session,
      onSession: (session) => (this.#session = session),
    });
    waiter.cancel = () => {
      cancel();
      this.#makeRoom();
    };
  }

  /** @param fresh no request has failed since the name was looked up */
  #adopt(socket: Socket, fresh: boolean): Connection {
    const connection = new Connection(socket, {
      idle: () => this.#offer(connection),
      failed: (status) => {
        // Another address of the name may work. An endpoint without a name has no other address.
        if (status === undefined || isIP(this.#to.hostname) === 0) this.#distrust();
      },
      closed: () => {
        const index = this.#idle.findIndex((idle) => idle.connection === connection);
        if (index >= 0) this.#idle.splice(index, 1);
        this.#freshUntilMs.delete(connection);
        this.#makeRoom();
      },
    });
    if (fresh) this.#freshUntilMs.set(connection, this.#clock.monotonic() + this.#maxAgeMs);
    return connection;
  }

  #isFresh(connection: Connection, nowMs = this.#clock.monotonic()): boolean {
    const untilMs = this.#freshUntilMs.get(connection);
    return untilMs !== undefined && nowMs < untilMs;
  }

  /** After a failure the next request looks the name up again, and no request uses a connection that was opened before. */
  #distrust(): void {
    this.#failureCount++;
    this.#freshUntilMs.clear();
    this.close();
  }

  #offer(connection: Connection): void {
    const nowMs = (this.#usedMs = this.#clock.monotonic());
    if (!this.#isFresh(connection, nowMs)) return connection.destroy();
    const waiter = this.#nextWaiter();
    if (waiter) this.#give(connection, waiter);
    else this.#idle.push({ connection, sinceMs: nowMs });
  }

  /** A connection was closed or failed to open, so there is room for another one. */
  #makeRoom(): void {
    this.#count--;
    const waiter = this.#nextWaiter();
    if (waiter) this.#open(waiter);
  }

  #nextWaiter(): Waiter | undefined {
    const [waiter] = this.#waiting;
    if (waiter) this.#waiting.delete(waiter);
    return waiter;
  }
}
