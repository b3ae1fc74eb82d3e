import { isIP, type Socket } from "node:net";
import { type Clock, systemClock } from "./clock.ts";
import { connect, type Destination } from "./connect.ts";
import { Connection } from "./connection.ts";

/** Called once, unless cancelled before. */
type Use = (error: Error | undefined, connection?: Connection) => void;

/** A request that needs a connection. */
interface Claim {
  use: Use;
  /** Stops waiting, or stops connecting. */
  cancel: () => void;
}

export interface ConnectionPoolOptions {
  /** Connections at once. More requests than that wait for one. */
  maxConnections: number;
  /** An older connection takes no further request, so that a name that moves is followed. @default 5 minutes */
  maxAgeMs?: number | undefined;
  clock?: Clock | undefined;
}

const defaultMaxAgeMs = 300_000;

/**
 * A connection that was idle for longer gets no request before the event loop has looked once for what arrived on it: the other
 * end may have closed it. Shorter pauses are those of a burst, where the look would cost more than it finds.
 */
const trustedIdleMs = 5;

/**
 * Open connections to one destination. The one used last is used first, so that those not needed grow old and close.
 *
 * ```
 *            ┌── opens ──▶ in use ──── answered ────▶ idle ──┐
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
  readonly #waiting = new Set<Claim>();
  /** Until when a connection may take requests, on the monotonic clock. One that is missing here takes no further one. */
  readonly #freshUntilMs = new Map<Connection, number>();
  /** Open or opening. */
  #count = 0;
  #failureCount = 0;
  /** Spares the next handshake its expensive half. */
  #session: Buffer | undefined;

  constructor(
    to: Destination,
    { maxConnections, maxAgeMs = defaultMaxAgeMs, clock = systemClock }: ConnectionPoolOptions,
  ) {
    this.#to = to;
    this.#maxConnections = maxConnections;
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  /**
   * Gives a connection to use for one request: at once when one is idle.
   *
   * @returns gives up waiting; does nothing once a connection was given
   */
  take(use: Use): () => void {
    const claim: Claim = { use, cancel: () => {} };
    this.#serve(claim);
    return () => claim.cancel();
  }

  /** Closes what is idle. */
  close(): void {
    for (const { connection } of this.#idle.splice(0)) connection.destroy();
  }

  #serve(claim: Claim): void {
    const nowMs = this.#clock.monotonic();
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      const { connection, sinceMs } = idle;
      if (!this.#isFresh(connection, nowMs)) connection.destroy();
      else if (nowMs - sinceMs > trustedIdleMs) return this.#giveAfterLook(connection, claim);
      else return this.#give(connection, claim);
    }
    claim.cancel = () => this.#waiting.delete(claim);
    if (this.#count < this.#maxConnections) this.#open(claim);
    else this.#waiting.add(claim);
  }

  #give(connection: Connection, claim: Claim): void {
    claim.cancel = () => {};
    claim.use(undefined, connection);
  }

  #giveAfterLook(connection: Connection, claim: Claim): void {
    const decide = () => {
      if (this.#isFresh(connection)) return this.#give(connection, claim);
      connection.destroy();
      this.#serve(claim);
    };
    // The first one may run in the same turn of the loop. Between it and the second one the loop looks at its sockets.
    let immediate = setImmediate(() => (immediate = setImmediate(decide)));
    claim.cancel = () => {
      clearImmediate(immediate);
      this.#offer(connection);
    };
  }

  #open(claim: Claim): void {
    this.#count++;
    const failuresBefore = this.#failureCount;
    const done = (error: Error | undefined, socket?: Socket) => {
      claim.cancel = () => {};
      if (socket) return claim.use(undefined, this.#adopt(socket, failuresBefore === this.#failureCount));
      this.#leave();
      claim.use(error);
    };
    const cancel = connect(this.#to, done, {
      clock: this.#clock,
      session: this.#session,
      onSession: (session) => (this.#session = session),
    });
    claim.cancel = () => {
      cancel();
      this.#leave();
    };
  }

  /** @param fresh nothing has failed since its name was looked up */
  #adopt(socket: Socket, fresh: boolean): Connection {
    const connection = new Connection(socket, {
      idle: () => this.#offer(connection),
      failed: (status) => {
        // Another address may answer better. Without a name there is no other one.
        if (status === undefined || isIP(this.#to.hostname) === 0) this.#distrust();
      },
      closed: () => {
        const index = this.#idle.findIndex((idle) => idle.connection === connection);
        if (index >= 0) this.#idle.splice(index, 1);
        this.#freshUntilMs.delete(connection);
        this.#leave();
      },
    });
    if (fresh) this.#freshUntilMs.set(connection, this.#clock.monotonic() + this.#maxAgeMs);
    return connection;
  }

  #isFresh(connection: Connection, nowMs = this.#clock.monotonic()): boolean {
    const untilMs = this.#freshUntilMs.get(connection);
    return untilMs !== undefined && nowMs < untilMs;
  }

  /** After a failure the next request looks the name up again, and none goes to a connection that was opened before. */
  #distrust(): void {
    this.#failureCount++;
    this.#freshUntilMs.clear();
    this.close();
  }

  #offer(connection: Connection): void {
    const nowMs = this.#clock.monotonic();
    if (!this.#isFresh(connection, nowMs)) return connection.destroy();
    const claim = this.#nextClaim();
    if (claim) this.#give(connection, claim);
    else this.#idle.push({ connection, sinceMs: nowMs });
  }

  /** There is room for one more connection. */
  #leave(): void {
    this.#count--;
    const claim = this.#nextClaim();
    if (claim) this.#open(claim);
  }

  #nextClaim(): Claim | undefined {
    const [claim] = this.#waiting;
    if (claim) this.#waiting.delete(claim);
    return claim;
  }
}
