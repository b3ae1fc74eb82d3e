import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { Server as TlsServer, type TLSSocket } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import { secureContextOf, type ServerTls } from "../config/server-tls.ts";
import type { Refusals } from "./refusals.ts";

/** The options of the HTTPS server. A certificate is asked for, but probes and clients with tokens may connect without one. */
export const httpsOptions = (tls: ServerTls) => ({
  ...secureContextOf(tls),
  requestCert: tls.clientCa !== undefined,
  rejectUnauthorized: false,
});

/**
 * Ends connections whose client certificate is not valid, before any request is read. In TLS 1.2 the client's handshake fails. In
 * TLS 1.3 it is complete before the check, so the client sees that the connection ends without an answer.
 */
export function refuseInvalidCertificates(server: HttpServer, refusals: Pick<Refusals, "refusedBytes">): void {
  // First, because Node's own listener begins to read requests.
  server.prependListener("secureConnection", (socket: TLSSocket) => {
    if (socket.authorized || socket.getPeerX509Certificate() === undefined) return;
    refusals.refusedBytes("tls", socket.remoteAddress, String(socket.authorizationError));
    socket.destroy();
  });
}

/**
 * Uses other certificates for new connections; existing ones stay open with theirs. Whether clients are asked for a certificate is
 * fixed at the start, so authorities that were there then are replaced but never removed.
 */
export class TlsListener {
  readonly #server: HttpServer;
  readonly #connections = new Set<Socket>();
  #current: ServerTls;

  constructor(server: HttpServer, tls: ServerTls) {
    this.#server = server;
    this.#current = tls;
    server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
    });
  }

  /** Ends all connections, also those in a handshake, which `closeAllConnections` of an HTTP server leaves open. */
  endConnections(): void {
    for (const socket of this.#connections) socket.destroy();
  }

  use({ clientCa = this.#current.clientCa, ...next }: ServerTls): void {
    const tls = { ...next, clientCa };
    // A new context forgets the sessions that clients could resume.
    if (isDeepStrictEqual(tls, this.#current) || !(this.#server instanceof TlsServer)) return;
    this.#server.setSecureContext(secureContextOf(tls));
    this.#current = tls;
  }
}
