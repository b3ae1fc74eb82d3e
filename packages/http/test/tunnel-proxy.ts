import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";
import type { SelfSigned } from "./self-signed.ts";

export interface TunnelProxy extends AsyncDisposable {
  url: string;
  port: number;
  /** Authority and credentials of each request for a tunnel. */
  asked: [string, string | undefined][];
  /** One promise per requested tunnel. It resolves when the client closes the tunnel. */
  closed: Promise<unknown>[];
}

/** A proxy that connects every tunnel to one port of this machine, or answers with a status. */
export async function startTunnelProxy(
  answer: number | { leadTo: number; opening?: string } | "hang" | "hangUp",
  tls?: SelfSigned,
): Promise<TunnelProxy> {
  const sockets = new Set<Socket>();
  const asked: TunnelProxy["asked"] = [];
  const closed: TunnelProxy["closed"] = [];
  const server = tls ? https.createServer(tls) : http.createServer();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => {})));
  server.on("connect", (request: http.IncomingMessage, socket: Socket) => {
    asked.push([request.url!, request.headers["proxy-authorization"]]);
    closed.push(once(socket.resume(), "end"));
    socket.on("error", () => {});
    if (answer === "hangUp") socket.destroy();
    if (typeof answer === "number") socket.end(`HTTP/1.1 ${answer} No\r\n\r\n`);
    if (typeof answer !== "object") return;
    const onward = net.connect(answer.leadTo, "127.0.0.1", () => {
      socket.write(answer.opening ?? "HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => {});
    sockets.add(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    asked,
    closed,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
