import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "./exchange.ts";
import type { Region, SimulatorAnswer, SimulatorRequest } from "./exchange.ts";
import type { Leaving } from "../state/journal.ts";
import { Disconnects } from "./disconnects.ts";
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
  /** Closes the listeners and breaks open connections. */
  close(): Promise<void>;
}

/** The answering side. A fault may strike before the body is read, so there are two steps. */
export interface Front {
  early(path: string, region: Region): SimulatorAnswer | undefined;
  whole(request: SimulatorRequest, region: Region): SimulatorAnswer;
  /** Answers a request to a stand-in of a model server. False: it is none. */
  model(message: IncomingMessage, response: ServerResponse): boolean;
  /** Whether connections are refused now. */
  refuses(region: Region): boolean;
  leave(request: number, when: Leaving): void;
}

/** Most bytes of a body that are read. It is above every receiver's own limit, so that the receiver names the error. */
const maxBytes = 20 * 1024 * 1024;

export async function startServer(front: Front, options: ListenOptions): Promise<Listening> {
  const host = options.host ?? "127.0.0.1";
  const us = await open(front, "us", host, options.port ?? 0);
  if (options.euPort === undefined) return us;
  try {
    const eu = await open(front, "eu", options.euHost ?? host, options.euPort);
    return {
      url: us.url,
      port: us.port,
      euUrl: eu.url,
      euPort: eu.port,
      close: async () => {
        await Promise.all([us.close(), eu.close()]);
      },
    };
  } catch (error) {
    await us.close();
    throw error;
  }
}

async function open(front: Front, region: Region, host: string, port: number): Promise<Listening> {
  const recent = new Disconnects();
  let isEnding = false;
  const answerTo = (message: IncomingMessage, response: ServerResponse, answer: SimulatorAnswer): void => {
    if (breaks(answer)) recent.forget(message.socket);
    else if (answer.request !== undefined) recent.note(message.socket, answer.request, response);
    send(response, answer);
  };
  const server = createServer((message, response) => {
    if (front.model(message, response)) return;
    const early = front.early(message.url ?? "/", region);
    if (early !== undefined) return answerTo(message, response, early);
    readBody(message, response, (body) => {
      answerTo(message, response, whole(front, requestOf(message, body), region));
    });
  });
  // A program cannot refuse a connection that the kernel has accepted, so it breaks the connection at once.
  server.on("connection", (socket) => {
    if (front.refuses(region)) socket.resetAndDestroy();
    socket.once("close", () => {
      // Only a disconnect by the client says something about the answers that it has read.
      if (!isEnding) recent.left(socket, (request, when) => front.leave(request, when));
    });
  });
  // The simulator must not close idle connections first: clients reuse them as long as they like.
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
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: (): Promise<void> => {
      isEnding = true;
      return end(server);
    },
  };
}

/** The only boundary: an exception here is a bug of the simulator, and must not end the process under test. */
function whole(front: Front, request: SimulatorRequest, region: Region): SimulatorAnswer {
  try {
    return front.whole(request, region);
  } catch (error) {
    process.stderr.write(`simulator: ${error instanceof Error ? error.stack : String(error)}\n`);
    return json(500, { error: { code: "bug", message: "the simulator failed", issues: [] } });
  }
}

const breaks = ({ mishap }: SimulatorAnswer): boolean =>
  mishap?.kind === "reset" || mishap?.kind === "refused" || mishap?.kind === "half";

function readBody(message: IncomingMessage, response: ServerResponse, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  message.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes <= maxBytes) chunks.push(chunk);
    else if (!response.headersSent) response.writeHead(413, { connection: "close" }).end();
  });
  message.on("end", () => {
    const [first] = chunks;
    if (bytes <= maxBytes) then(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
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
