import type { Clock } from "@tocsin/core";
import type { FastifyInstance } from "fastify";
import type { TlsListener } from "./tls-listener.ts";

/** Stops the server. A sender that does not complete its request or handshake delays this by at most one second. */
export async function closeServer(app: FastifyInstance, clock: Clock, tlsListener?: TlsListener): Promise<void> {
  const cancel = clock.after(1_000, () => {
    app.server.closeAllConnections();
    tlsListener?.endConnections();
  });
  await app.close();
  cancel();
}
