import type { Socket } from "node:net";
import { connect, type Destination } from "./connect.ts";
import { Connection } from "./connection.ts";

/** Called once, unless cancelled before. */
type Use = (error: Error | undefined, connection?: Connection) => void;

/** Somebody who needs a connection. */
interface Claim {
  use: Use;
  /** Gives up, whatever it is waiting for just now. */
  cancel: () => void;
}

/** Open connections to one destination. The one used last is used first, so that those not needed grow old and close. */
export class ConnectionPool {
  readonly #to: Destination;
  readonly #most: number;
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<Claim>();
  /** Open or opening. */
  #count = 0;
  /** Spares the next handshake its expensive half. */
  #session: Buffer | undefined;

  /** @param most connections at once; what needs more waits for one */
  constructor(to: Destination, most: number) {
    this.#to = to;
    this.#most = most;
  }

  /**
   * Gives a connection to use for one request: at once when one is idle.
   *
   * @returns gives up waiting; does nothing once a connection was given
   */
  take(use: Use): () => void {
    const connection = this.#idle.pop();
    if (connection) {
      use(undefined, connection);
      return () => {};
    }
    const claim: Claim = { use, cancel: () => this.#waiting.delete(claim) };
    if (this.#count < this.#most) this.#open(claim);
    else this.#waiting.add(claim);
    return () => claim.cancel();
  }

  /** Closes what is idle. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  #open(claim: Claim): void {
    this.#count++;
    const done = (error: Error | undefined, socket?: Socket) => {
      claim.cancel = () => {};
      if (socket) return claim.use(undefined, this.#adopt(socket));
      this.#leave();
      claim.use(error);
    };
    const cancel = connect(this.#to, done, this.#session);
    claim.cancel = () => {
      cancel();
      this.#leave();
    };
  }

  #adopt(socket: Socket): Connection {
    socket.on("session", (session: Buffer) => (this.#session = session));
    return new Connection(socket, {
      idle: (connection) => this.#offer(connection),
      closed: (connection) => {
        const index = this.#idle.indexOf(connection);
        if (index >= 0) this.#idle.splice(index, 1);
        this.#leave();
      },
    });
  }

  #offer(connection: Connection): void {
    const claim = this.#nextClaim();
    if (!claim) return void this.#idle.push(connection);
    claim.cancel = () => {};
    claim.use(undefined, connection);
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
