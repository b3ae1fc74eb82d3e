import { isIP } from "node:net";
import { isLoopback } from "@tocsin/http";

/** The host in a `Host` header or an origin, as URLs write it, without port and final dot. Undefined: it names none. */
export function hostNameOf(authority: string): string | undefined {
  // A URL would take these for the end of the authority, or for a user's name before it.
  if (authority === "" || /[\s/\\?#@]/.test(authority)) return undefined;
  if (!URL.canParse(`http://${authority}`)) return undefined;
  const { hostname } = new URL(`http://${authority}`);
  return hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

/** Hosts that no DNS server can move for a browser: loopback names (RFC 6761, section 6.3) and addresses. */
export const isFixedHost = (name: string): boolean => isLoopback(name) || isIP(name) !== 0;
