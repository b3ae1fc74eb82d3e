import type { Socket } from "node:net";
import { proxyAuthorization } from "./proxy-settings.ts";
import type { Cancel, Connected } from "./race-addresses.ts";
import { isFinal, ProtocolError, readHead, type ResponseHead } from "./response-head.ts";
import { TunnelError } from "./tunnel-error.ts";

const connectionLost = () => Object.assign(new Error("the proxy closed the connection"), { code: "ECONNRESET" });

/**
 * Requests a tunnel to a host from a proxy (RFC 9110, section 9.3.6).
 *
 * @param socket a connection to the proxy. It is closed if the proxy opens no tunnel.
 */
export function requestTunnel(
  socket: Socket,
  proxy: URL,
  { hostname, port }: { hostname: string; port: number },
  done: Connected,
): Cancel {
  const authority = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  const authorization = proxyAuthorization(proxy);
  let received: Buffer = Buffer.alloc(0);
  const end = (error: Error | undefined) => {
    socket.off("data", onData).off("end", onEnd).off("error", end);
    if (!error) return done(undefined, socket.pause());
    socket.on("error", () => {}).destroy();
    done(error);
  };
  const onEnd = () => {
    const read = "HTTP/1.".startsWith(received.toString("latin1", 0, 7)) ? readHead(received, true) : undefined;
    end(read ? new TunnelError(read.head.status) : connectionLost());
  };
  const onData = (piece: Buffer) => {
    received = received.length === 0 ? piece : Buffer.concat([received, piece]);
    try {
      const head = takeFinalHead();
      if (head) end(opensTunnel(head) ? undefined : new TunnelError(head.status));
    } catch (error) {
      end(error instanceof ProtocolError ? new TunnelError(undefined) : (error as Error));
    }
  };
  const takeFinalHead = (): ResponseHead | undefined => {
    for (let read = readHead(received); read; read = readHead(received)) {
      received = received.subarray(read.bytes);
      if (isFinal(read.head.status)) return read.head;
    }
    return undefined;
  };
  /** In a tunnel the receiver waits for our first bytes. Bytes that come with the proxy's response are not the receiver's. */
  const opensTunnel = ({ status }: ResponseHead) => status >= 200 && status < 300 && received.length === 0;
  socket.on("data", onData).on("end", onEnd).on("error", end);
  const toProxy = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${toProxy}\r\n`);
  return () => {
    socket
      .off("data", onData)
      .off("end", onEnd)
      .off("error", end)
      .on("error", () => {});
    socket.destroy();
  };
}
