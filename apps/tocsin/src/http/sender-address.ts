import { BlockList, isIP } from "node:net";

/** A network in CIDR notation, or a single address. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

/** Parses `10.0.0.0/8`, `fd00::/8`, `10.0.0.7` or `::1`. */
export function parseNetwork(text: string): Network | undefined {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = address.includes("%") ? 0 : isIP(address);
  if (family === 0 || rest.length > 0) return undefined;
  const maxPrefix = family === 4 ? 32 : 128;
  if (prefix === undefined) return { address, prefix: maxPrefix };
  return /^(?:0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= maxPrefix
    ? { address, prefix: Number(prefix) }
    : undefined;
}

/**
 * Finds the address of a request's sender. A peer that is not a trusted proxy is the sender, whatever its headers. Behind
 * trusted proxies it is the last address in `X-Forwarded-For` that is not a trusted proxy, because each proxy appends the
 * address of its own peer; earlier addresses may be forged. If all are trusted proxies, it is the first address.
 */
export class SenderAddresses {
  readonly #trusted: BlockList | undefined;

  constructor(trustedProxies: readonly Network[]) {
    if (trustedProxies.length === 0) return;
    this.#trusted = new BlockList();
    for (const { address, prefix } of trustedProxies) this.#trusted.addSubnet(address, prefix, familyOf(address));
  }

  senderOf(peer: string, forwardedFor: string | readonly string[] | undefined): string {
    let sender = plainAddress(peer);
    if (!this.#isTrusted(sender) || forwardedFor === undefined) return sender;
    const hops = (typeof forwardedFor === "string" ? forwardedFor : forwardedFor.join(",")).split(",");
    for (const hop of hops.toReversed()) {
      const address = addressOfHop(hop.trim());
      // A proxy without the header hides its peer, so only the proxy is known.
      if (address === undefined) return sender;
      sender = address;
      if (!this.#isTrusted(sender)) return sender;
    }
    return sender;
  }

  /** Whether this address is one of a trusted proxy. */
  isTrusted(peer: string): boolean {
    return this.#isTrusted(plainAddress(peer));
  }

  #isTrusted(address: string): boolean {
    if (this.#trusted === undefined || isIP(address) === 0) return false;
    const [withoutZone = ""] = address.split("%");
    return this.#trusted.check(withoutZone, familyOf(address));
  }
}

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 4 ? "ipv4" : "ipv6");

/** A listener on `::` sees IPv4 peers as `::ffff:10.0.0.7`. */
const plainAddress = (address: string): string => {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  return mapped !== undefined && isIP(mapped) === 4 ? mapped : address;
};

/** Some proxies append a port: `10.0.0.7:4711`, `[fd00::7]:4711`. */
function addressOfHop(hop: string): string | undefined {
  const address = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d{1,3}(?:\.\d{1,3}){3}):\d+$/.exec(hop)?.[1] ?? hop;
  return isIP(address) === 0 ? undefined : plainAddress(address);
}
