import http from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import type { SelfSigned } from "./self-signed.ts";

export interface Received {
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** A server of a test on a free port of 127.0.0.1. */
export interface Receiver extends AsyncDisposable {
  url: string;
  port: number;
  /** Requests that arrived completely. */
  received: Received[];
  /** Connections that were opened so far. */
  connections: number;
}

export type Answering = (response: http.ServerResponse, received: Received, nth: number) => void;

/** Answers 202 as PagerDuty does. */
export const accept: Answering = (response, { body }) => {
  const { dedup_key } = JSON.parse(body) as { dedup_key?: string };
  reply(response, 202, { status: "success", message: "Event processed", dedup_key });
};

export function reply(
  response: http.ServerResponse,
  status: number,
  body: unknown,
  headers: http.OutgoingHttpHeaders = {},
): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}

/** An HTTP or, with a certificate, HTTPS server. `answering` gets the number of earlier requests. */
export async function receive(
  answering: Answering = accept,
  tls?: SelfSigned & https.ServerOptions,
): Promise<Receiver> {
  const received: Received[] = [];
  const onRequest: http.RequestListener = (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const one = {
        method: request.method!,
        path: request.url!,
        headers: request.headers,
        body: Buffer.concat(pieces).toString(),
      };
      received.push(one);
      answering(response, one, received.length - 1);
    });
  };
  const server = tls ? https.createServer(tls, onRequest) : http.createServer(onRequest);
  return listen(server, tls ? "https" : "http", received);
}

/** A TCP server, for responses that no HTTP server sends. */
export function receiveRaw(onConnection: (socket: Socket, nth: number) => void): Promise<Receiver> {
  let count = 0;
  const server = net.createServer((socket) => onConnection(socket, count++));
  return listen(server, "http", []);
}

async function listen(server: net.Server, scheme: string, received: Received[]): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const receiver: Receiver = {
    url: "",
    port: 0,
    received,
    connections: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on("connection", (socket) => {
    receiver.connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  receiver.port = (server.address() as AddressInfo).port;
  receiver.url = `${scheme}://127.0.0.1:${receiver.port}`;
  return receiver;
}
