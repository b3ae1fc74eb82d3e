import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A receiver's reaction to one request, once its body is read. */
export type Reply = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A receiver of the test's own making, for what the simulator is too well-behaved to do. */
export class Receiver implements AsyncDisposable {
  reply: Reply;
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      this.count++;
      this.reply(request, response, Buffer.concat(chunks).toString());
    });
  });
  /** Requests so far. */
  count = 0;

  private constructor(reply: Reply) {
    this.reply = reply;
  }

  static async open(reply: Reply): Promise<Receiver> {
    const receiver = new Receiver(reply);
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
