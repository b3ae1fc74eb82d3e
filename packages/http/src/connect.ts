import dns from "node:dns";
import net from "node:net";
import tls from "node:tls";
import { isLoopback } from "./is-loopback.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { TlsSettings } from "./sender.ts";
import { type Cancel, type Connected, raceAddresses } from "./race-addresses.ts";
import { requestTunnel } from "./tunnel.ts";

/** The other end of a connection, and the way to it. */
export interface Destination {
  /** Absent for plain HTTP. */
  tls?: tls.SecureContext | undefined;
  /** The name that the certificate must have. @default `hostname` */
  serverName?: string | undefined;
  /** Without the brackets of an IPv6 address. */
  hostname: string;
  port: number;
  /** Resolves the host name. Connections are made only to addresses that it returns. @default `node:dns` */
  lookup?: net.LookupFunction | undefined;
  /** Proxy for a tunnel, only for TLS, and the function that resolves the proxy's name. The proxy resolves `hostname`. */
  proxy?: { url: URL; lookup?: net.LookupFunction | undefined } | undefined;
}

export interface ConnectOptions {
  clock?: Clock | undefined;
  /** An earlier TLS session. It makes the handshake cheaper. */
  session?: Buffer | undefined;
  /** Called with each TLS session that the other end offers. */
  onSession?: (session: Buffer) => void;
  /** Called when the name is resolved (`tcp`) and when TCP is connected (`tls`). */
  onStep?: (step: "tcp" | "tls") => void;
}

/** Opens a connection: DNS, TCP, the proxy's tunnel where there is one, TLS. */
export function connect(to: Destination, done: Connected, options: ConnectOptions = {}): Cancel {
  const { clock = systemClock, onStep } = options;
  let cancel: Cancel;
  const then =
    (next: (socket: net.Socket) => Cancel): Connected =>
    (error, socket) => {
      if (socket) cancel = next(socket);
      else done(error);
    };
  const secure = (socket: net.Socket): Cancel => {
    onStep?.("tls");
    return encrypt(to, socket, done, options);
  };
  if (to.proxy) {
    const { url, lookup } = to.proxy;
    const openTunnel = (socket: net.Socket) => requestTunnel(socket, url, to, then(secure));
    cancel = connect({ ...destinationOf(url), lookup }, then(openTunnel), { clock });
  } else {
    cancel = connectTcp(to, to.tls ? then(secure) : done, options);
  }
  return () => cancel();
}

/** Resolves the name and connects to the first address that accepts the connection. */
function connectTcp(
  { hostname, port, lookup, tls: secure }: Destination,
  done: Connected,
  options: ConnectOptions,
): Cancel {
  const { clock = systemClock, onStep } = options;
  // For TLS the TLS socket reads from this connection.
  const open = (host: string) =>
    secure
      ? net.connect({ host, port, noDelay: true })
      : readDirectly((onread) => net.connect({ host, port, noDelay: true, onread }));
  let cancelled = false;
  let cancel: Cancel = () => (cancelled = true);
  resolveName(hostname, lookup, (error, addresses) => {
    if (cancelled) return;
    if (!addresses) return done(error);
    onStep?.("tcp");
    cancel = raceAddresses(addresses, open, clock, done);
  });
  return () => cancel();
}

type Resolved = (error: Error | undefined, addresses?: readonly dns.LookupAddress[]) => void;

function resolveName(hostname: string, lookup: net.LookupFunction = dns.lookup, done: Resolved): void {
  const family = net.isIP(hostname);
  if (family !== 0) return done(undefined, [{ address: hostname, family }]);
  // Names below localhost are this machine (RFC 6761, section 6.3). DNS must not lead them elsewhere, since plain HTTP is
  // allowed to them and they are reached without a proxy.
  const name = isLoopback(hostname) ? "localhost" : hostname;
  // The hint is Node's own default for connections.
  lookup(name, { all: true, hints: dns.ADDRCONFIG }, (error, found, foundFamily) => {
    const addresses = Array.isArray(found) ? found : [{ address: found, family: foundFamily ?? net.isIP(found) }];
    const failure = error ?? (addresses.length === 0 ? noAddress() : undefined);
    // An injected lookup may call back at once. `connect` must not.
    process.nextTick(done, failure, failure ? undefined : addresses);
  });
}

const noAddress = () => Object.assign(new Error("the name has no address"), { code: "ENOTFOUND" });

function encrypt(
  to: Pick<Destination, "hostname" | "tls" | "serverName">,
  socket: net.Socket,
  done: Connected,
  options: ConnectOptions,
): Cancel {
  const { session, onSession } = options;
  // The TLS socket emits its errors too.
  socket.on("error", ignore);
  // A name is sent and compared without its final dot (RFC 6066, 3).
  const host = (to.serverName ?? to.hostname).replace(/\.$/, "");
  const tlsOptions: tls.ConnectionOptions = {
    socket,
    host,
    secureContext: to.tls,
    ALPNProtocols: ["http/1.1"],
  };
  // The extension is for names only (RFC 6066, 3); the certificate is checked against an address too.
  if (net.isIP(host) === 0) tlsOptions.servername = host;
  if (session !== undefined) tlsOptions.session = session;
  // Node's own documentation has `onread` here, its types do not.
  const secured = readDirectly((onread) => tls.connect({ ...tlsOptions, onread } as tls.ConnectionOptions));
  if (onSession) secured.on("session", onSession);
  const onReady = () => {
    secured.off("error", done);
    done(undefined, secured);
  };
  secured.once("secureConnect", onReady).once("error", done);
  return () => {
    secured.off("secureConnect", onReady).off("error", done).on("error", ignore).destroy();
  };
}

/** All sockets read into this buffer. Received bytes are copied out of it at once. */
const readBuffer = Buffer.allocUnsafeSlow(65_536);

/** The socket emits bytes as they come. Otherwise Node makes a buffer of 64 KiB for each response and queues it. */
function readDirectly(make: (onread: net.OnReadOpts) => net.Socket): net.Socket {
  const socket = make({
    buffer: readBuffer,
    callback: (bytes) => {
      socket.emit("data", Buffer.from(readBuffer.subarray(0, bytes)));
      return true;
    },
  });
  return socket;
}

/** @throws if a certificate or a key is wrong */
const secureContextOf = (settings: TlsSettings): tls.SecureContext =>
  tls.createSecureContext({ minVersion: "TLSv1.2", ...settings } as tls.SecureContextOptions);

/**
 * The destination of a URL, by default with the authorities that Node trusts.
 *
 * @throws if the TLS settings are wrong
 */
export function destinationOf({ protocol, hostname, port }: URL, settings: TlsSettings = {}): Destination {
  const secure = protocol === "https:";
  return {
    tls: secure ? secureContextOf(settings) : undefined,
    serverName: settings.serverName,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (secure ? 443 : 80)),
  };
}

function ignore(): void {}
