import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Region, SimulatorAnswer, SimulatorRequest } from "./exchange.ts";

export interface ListenOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 = any free one. @default 0 */
  readonly port?: number;
  /** A second listener, for the EU region. Absent: none. 0 = any free one. */
  readonly euPort?: number;
  /** @default `host` */
  readonly euHost?: string;
}

export interface Listening {
  readonly url: string;
  readonly port: number;
  readonly euUrl?: string;
  readonly euPort?: number;
  /** Ends the listeners and breaks what is still connected. */
  close(): Promise<void>;
}

type Handle = (request: SimulatorRequest, region: Region) => SimulatorAnswer;

/** Beyond this nothing is read on. Above every receiver's own limit, so that they can say what is wrong. */
const MOST_BYTES = 20 * 1024 * 1024;

export async function listen(handle: Handle, options: ListenOptions): Promise<Listening> {
  const host = options.host ?? "127.0.0.1";
  const us = await open(handle, "us", host, options.port ?? 0);
  if (options.euPort === undefined) return { url: us.url, port: us.port, close: () => end(us.server) };
  try {
    const eu = await open(handle, "eu", options.euHost ?? host, options.euPort);
    return {
      url: us.url,
      port: us.port,
      euUrl: eu.url,
      euPort: eu.port,
      close: async () => {
        await Promise.all([end(us.server), end(eu.server)]);
      },
    };
  } catch (error) {
    await end(us.server);
    throw error;
  }
}

async function open(handle: Handle, region: Region, host: string, port: number) {
  const server = createServer((message, response) => {
    read(message, response, (body) => {
      send(response, handle(requestOf(message, body), region));
    });
  });
  // A stand-in shall not be the one to give up a connection first: clients reuse it for as long as they like.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = (server.address() as AddressInfo).port;
  return { server, port: bound, url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}` };
}

function read(message: IncomingMessage, response: ServerResponse, whole: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
    else {
      message.pause();
      response.writeHead(413, { connection: "close" }).end();
    }
  });
  message.on("end", () => {
    const [first] = chunks;
    whole(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
  });
  message.on("error", () => {});
}

const requestOf = (message: IncomingMessage, body: Buffer): SimulatorRequest => ({
  method: message.method ?? "GET",
  path: message.url ?? "/",
  headers: message.headers as SimulatorRequest["headers"],
  body,
});

function send(response: ServerResponse, answer: SimulatorAnswer): void {
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}

const end = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
