import { BlockList, isIP } from "node:net";
import { isLoopback } from "./is-loopback.ts";
import type { ProxySettings } from "./proxy-settings.ts";

/** The proxy for a URL. This machine is always reached without a proxy. */
export function proxyFor(settings: ProxySettings, url: URL): URL | undefined {
  if (isLoopback(url.hostname) || bypassesProxy(settings.no ?? "", url)) return undefined;
  return url.protocol === "https:" ? settings.https : settings.http;
}

const withoutFinalDot = (name: string): string => name.replace(/\.$/, "");

/**
 * Whether a list as in `NO_PROXY` names the host of a URL. Entries are separated by commas or blanks:
 *
 * - `example.com`, `.example.com`, `*.example.com`: the domain and all below it
 * - `10.1.2.3`, `2001:db8::1`, `[2001:db8::1]`: an address
 * - `10.0.0.0/8`, `2001:db8::/32`: a network. It matches addresses in URLs. Names are not looked up for it
 * - any of these with a port, an IPv6 address then in brackets
 * - `*`: every host
 */
export function bypassesProxy(list: string, url: URL): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => entry === "*" || names(entry, url));
}

function names(entry: string, { protocol, hostname, port }: URL): boolean {
  // A text with several colons that is not in brackets is an IPv6 address without a port.
  const [, name = "", entryPort] = /^(\[.*\](?:\/\d+)?|[^:]*):(\d+)$/.exec(entry) ?? [undefined, entry];
  if (entryPort !== undefined && entryPort !== (port || (protocol === "http:" ? "80" : "443"))) return false;
  if (name.includes("/")) return contains(name, hostname);
  if (isIP(bare(name)) !== 0) return contains(`${bare(name)}/${isIP(bare(name)) === 6 ? 128 : 32}`, hostname);
  const domain = URL.parse(`http://${name.replace(/^\*?\./, "")}`)?.hostname;
  if (domain === undefined) return false;
  const [host, wanted] = [withoutFinalDot(hostname), withoutFinalDot(domain)];
  return host === wanted || host.endsWith(`.${wanted}`);
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, "");

/** Whether a host is an address in a network such as `10.0.0.0/8`. */
function contains(network: string, hostname: string): boolean {
  const [, address = "", prefix = ""] = /^(.*)\/(\d{1,3})$/.exec(network) ?? [];
  const [family, hostFamily] = [isIP(bare(address)), isIP(bare(hostname))];
  if (family === 0 || hostFamily === 0 || Number(prefix) > (family === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(bare(address), Number(prefix), family === 6 ? "ipv6" : "ipv4");
  return list.check(bare(hostname), hostFamily === 6 ? "ipv6" : "ipv4");
}
