import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

import type { Region, SimulatorAnswer, SimulatorRequest } from "./exchange.ts";
import type { Leaving } from "./journal.ts";
import { send } from "./send.ts";

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

/** What answers. A fault may strike before the body is read, so there are two steps. */
export interface Front {
  early(path: string, region: Region): SimulatorAnswer | undefined;
  whole(request: SimulatorRequest, region: Region): SimulatorAnswer;
  /** Whether connections are refused at present. */
  refuses(region: Region): boolean;
  leave(request: number, when: Leaving): void;
}

/** An answer that went out on a connection. */
interface Answered {
  readonly request: number;
  readonly response: ServerResponse;
  /** Monotonic. */
  readonly atMs: number;
}

/**
 * How soon after an answer the end of its connection leaves doubt whether the answer was read, and what was read was
 * kept. A client that is killed leaves at once; some quiet time shows that it lives.
 */
const UNREAD_MS = 250;

/** Beyond this nothing is read on. Above every receiver's own limit, so that they can say what is wrong. */
const MOST_BYTES = 20 * 1024 * 1024;

export async function listen(front: Front, options: ListenOptions): Promise<Listening> {
  const host = options.host ?? "127.0.0.1";
  const us = await open(front, "us", host, options.port ?? 0);
  if (options.euPort === undefined) return { url: us.url, port: us.port, close: () => end(us.server) };
  try {
    const eu = await open(front, "eu", options.euHost ?? host, options.euPort);
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

async function open(front: Front, region: Region, host: string, port: number) {
  const recent = new WeakMap<Socket, Answered[]>();
  const server = createServer((message, response) => {
    const early = front.early(message.url ?? "/", region);
    if (early !== undefined) return send(response, early);
    readBody(message, response, (body) => {
      const answer = front.whole(requestOf(message, body), region);
      if (answer.request !== undefined) note(recent, message.socket, { request: answer.request, response });
      send(response, answer);
    });
  });
  // Nothing on a socket can refuse a connection that the kernel has accepted: it is broken at once instead.
  server.on("connection", (socket) => {
    if (front.refuses(region)) socket.resetAndDestroy();
    socket.once("close", () => {
      for (const answer of recent.get(socket) ?? []) leave(front, answer);
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

/** Keeps the answers of the last moments, and those that are not out yet. */
function note(recent: WeakMap<Socket, Answered[]>, socket: Socket, answered: Omit<Answered, "atMs">): void {
  const atMs = performance.now();
  const before = recent.get(socket);
  if (before === undefined) recent.set(socket, [{ ...answered, atMs }]);
  else {
    while (before[0] !== undefined && before[0].response.writableFinished && atMs - before[0].atMs >= UNREAD_MS)
      before.shift();
    before.push({ ...answered, atMs });
  }
}

/** Judges, when a connection has ended, whether the client can have read an answer. */
function leave(front: Front, { request, response, atMs }: Answered): void {
  if (!response.writableFinished) front.leave(request, "before_answer");
  else if (performance.now() - atMs < UNREAD_MS && response.shouldKeepAlive) front.leave(request, "at_once");
}

function readBody(message: IncomingMessage, response: ServerResponse, whole: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= MOST_BYTES) chunks.push(chunk);
    else if (!response.headersSent) response.writeHead(413, { connection: "close" }).end();
  });
  message.on("end", () => {
    const [first] = chunks;
    if (bytes <= MOST_BYTES) whole(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
  });
  message.on("error", () => {});
}

const requestOf = (message: IncomingMessage, body: Buffer): SimulatorRequest => ({
  method: message.method ?? "GET",
  path: message.url ?? "/",
  headers: message.headers as SimulatorRequest["headers"],
  body,
});

const end = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
