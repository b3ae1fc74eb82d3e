import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** A request as it came over the wire. */
export interface Received {
  readonly head: string;
  readonly body: string;
}

/** The reaction to one request; without one the receiver does not answer. */
export type Act = (socket: Socket, request: Received) => void;

/** An answer of HTTP/1.1 with a body, as one write. */
export function answer(status: number, body = "", headers: Readonly<Record<string, string>> = {}): Act {
  const lines = Object.entries({ "content-type": "application/json", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return (socket) => {
    socket.write(
      `HTTP/1.1 ${status} Scripted\r\n${lines.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  };
}

/**
 * A receiver on a raw loopback socket that acts by script, in ways that no HTTP server would: resets, half answers,
 * silence. One act per request, in order.
 */
export class ScriptedReceiver implements AsyncDisposable {
  readonly requests: Received[] = [];
  /** Resets connections as they come, before anything is read. */
  refusesConnections = false;
  connectionCount = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #acts: Act[] = [];
  #arrival = Promise.withResolvers<void>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#serve(socket));
  }

  static async open(...acts: Act[]): Promise<ScriptedReceiver> {
    const server = createServer();
    const receiver = new ScriptedReceiver(server);
    receiver.#acts.push(...acts);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when the next request has come in whole. */
  arrival(): Promise<void> {
    return this.#arrival.promise;
  }

  /** Ends all connections, as a server does with idle ones. */
  async closeConnections(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => once(socket.end(), "close")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(socket: Socket): void {
    this.connectionCount++;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    if (this.refusesConnections) return void socket.resetAndDestroy();
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\r\n\r\n") + 4;
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      if (end < 4 || text.length < end + length) return;
      const body = Buffer.from(text.slice(end, end + length), "latin1").toString();
      const request = { head: text.slice(0, end), body };
      text = text.slice(end + length);
      this.requests.push(request);
      this.#acts.shift()?.(socket, request);
      this.#arrival.resolve();
      this.#arrival = Promise.withResolvers();
    });
  }
}
