import http from "node:http";
import https from "node:https";
import net from "node:net";
import tls from "node:tls";
import { proxyAuthorization } from "./proxy.ts";

/** The other end, and how to get there. */
export interface Destination {
  /** Absent for plain HTTP. */
  tls?: tls.SecureContext | undefined;
  /** Without the brackets of an IPv6 address. */
  hostname: string;
  port: number;
  /** How its name becomes addresses; a proxy's is Node's to resolve. @default `node:dns` */
  lookup?: net.LookupFunction | undefined;
  /** Proxy to tunnel through. */
  proxy?: URL | undefined;
}

/** Called once, unless cancelled before. */
type Done = (error: Error | undefined, socket?: net.Socket) => void;
type Cancel = () => void;

/** Opens a connection: DNS, TCP, the proxy's tunnel where there is one, TLS. */
export function connect(to: Destination, done: Done, session?: Buffer): Cancel {
  if (to.proxy) return tunnel(to.proxy, to, done, session);
  const tcp = { host: to.hostname, port: to.port, noDelay: true, ...(to.lookup && { lookup: to.lookup }) };
  if (to.tls) return encrypt(to, tcp, done, session);
  return open((onread) => net.connect({ ...tcp, onread }), "connect", done);
}

function encrypt(to: Destination, over: tls.ConnectionOptions, done: Done, session?: Buffer): Cancel {
  const options: tls.ConnectionOptions = {
    ...over,
    host: to.hostname,
    secureContext: to.tls,
    ALPNProtocols: ["http/1.1"],
  };
  // The extension is for names only (RFC 6066, 3); the certificate is checked against an address too.
  if (net.isIP(to.hostname) === 0) options.servername = to.hostname;
  if (session !== undefined) options.session = session;
  // Node's own documentation has `onread` here, its types do not.
  return open((onread) => tls.connect({ ...options, onread } as tls.ConnectionOptions), "secureConnect", done);
}

/** Where what comes on any socket is put down, and copied from in the same moment. */
const arriving = Buffer.allocUnsafeSlow(65_536);

/** The socket emits what comes as it comes. By itself Node would make a buffer of 64 KiB for each answer, and queue it. */
function open(make: (onread: net.OnReadOpts) => net.Socket, ready: "connect" | "secureConnect", done: Done): Cancel {
  const socket = make({
    buffer: arriving,
    callback: (bytes) => {
      socket.emit("data", Buffer.from(arriving.subarray(0, bytes)));
      return true;
    },
  });
  const onReady = () => {
    socket.off("error", done);
    done(undefined, socket);
  };
  socket.once(ready, onReady).once("error", done);
  return () => {
    socket.off(ready, onReady).off("error", done).on("error", ignore).destroy();
  };
}

/** Asks a proxy for a tunnel (RFC 9110, 9.3.6). */
function tunnel(proxy: URL, to: Destination, done: Done, session?: Buffer): Cancel {
  const authority = `${to.hostname.includes(":") ? `[${to.hostname}]` : to.hostname}:${to.port}`;
  const credentials = proxyAuthorization(proxy);
  const request = (proxy.protocol === "https:" ? https : http).request(proxy, {
    method: "CONNECT",
    path: authority,
    headers: { host: authority, ...(credentials && { "proxy-authorization": credentials }) },
    agent: false,
    auth: null,
  });
  let cancel = () => {
    request.off("error", done).on("error", ignore).destroy();
  };
  request.once("error", done);
  request.once("connect", ({ statusCode }, socket) => {
    request.off("error", done).on("error", ignore);
    if (statusCode === 200) {
      cancel = encrypt(to, { socket }, done, session);
      return;
    }
    socket.destroy();
    done(Object.assign(new Error(`the proxy answered ${statusCode}`), { code: "ERR_PROXY_TUNNEL" }));
  });
  request.end();
  return () => cancel();
}

function ignore(): void {}
