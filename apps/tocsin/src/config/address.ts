import { isIP } from "node:net";
import { isLoopback } from "@tocsin/http";
import { z } from "zod";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const hostname = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

/** `HOST:PORT`, an IPv6 host in brackets; `:PORT` is every interface. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s[\]/]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  const host = match[1] ?? (match[2] === "" ? "::" : (match[2] ?? "::"));
  return isIP(host) > 0 || hostname.test(host) ? { host, port } : undefined;
}

export const formatAddress = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

/**
 * Whether a listener at this host can be reached from this machine alone. The only name that counts is `localhost`: DNS may answer a
 * name below it with any address of this machine, and the listener would then be open to networks without a token.
 */
export const isLoopbackListener = (host: string): boolean =>
  (isIP(host) !== 0 || host === "localhost") && isLoopback(host);

export const address = () =>
  z.string().transform((text, context): Address => {
    const parsed = parseAddress(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: "custom",
      message: 'expected an address such as "127.0.0.1:9877", or ":9877" for every interface',
      input: text,
    });
    return z.NEVER;
  });
