import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Models } from "./models.ts";

/** The stand-ins of model servers alone, on a port of their own. */
export class ModelServer implements AsyncDisposable {
  readonly models = new Models();
  /** The base URL of both APIs. */
  readonly baseUrl: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  /** @example await using server = await ModelServer.listen() */
  static async listen(port = 0): Promise<ModelServer> {
    let models: Models | undefined;
    const server = createServer((message, response) => {
      if (models?.serve(message, response) !== true) response.writeHead(404).end();
    });
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
    const listening = new ModelServer(server);
    models = listening.models;
    return listening;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
