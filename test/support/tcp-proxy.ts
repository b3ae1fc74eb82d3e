import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** The first bytes of a connection, which wait here. */
export interface Held {
  /** They go on, and so does everything after them. Returns when something came back. */
  release(): Promise<void>;
}

/** Stands between a client and a server, and does to their connections what networks do. */
export class TcpProxy implements AsyncDisposable {
  /** The address of new connections from now on. */
  port: number;
  /** True: every new connection ends at once. */
  refuses = false;
  /** More addresses: connections go to all of them in turn. */
  readonly #others: number[];
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #stalled = false;
  #next: PromiseWithResolvers<Held> | undefined;

  private constructor(port: number, others: readonly number[]) {
    this.port = port;
    this.#others = [...others];
    this.#server = createServer((client) => this.#accept(client));
  }

  static async open(port: number, ...others: number[]): Promise<TcpProxy> {
    const proxy = new TcpProxy(port, others);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #accept(client: Socket): void {
    if (this.refuses) return void client.resetAndDestroy();
    const server = connect(this.port, "127.0.0.1");
    const [next] = this.#others.splice(0, 1);
    if (next !== undefined) {
      this.#others.push(this.port);
      this.port = next;
    }
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", end);
      from.on("close", end);
    }
    const held = this.#next;
    this.#next = undefined;
    if (held) hold(client, server, held);
    if (this.#stalled) for (const socket of pair) socket.pause();
  }

  /** All connections end at once, in the middle of whatever they say. */
  cut(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Passes nothing, without an error to either side. */
  stall(): void {
    this.#stalled = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Holds the first bytes of the next connection, as on a slow path: the sender believes that they arrived. */
  holdNext(): Promise<Held> {
    return (this.#next = Promise.withResolvers<Held>()).promise;
  }

  flow(): void {
    this.#stalled = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function hold(client: Socket, server: Socket, held: PromiseWithResolvers<Held>): void {
  server.cork();
  client.once("data", () =>
    held.resolve({
      async release() {
        const answered = once(server, "data");
        server.uncork();
        await answered;
      },
    }),
  );
}
