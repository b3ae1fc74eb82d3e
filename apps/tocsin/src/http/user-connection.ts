import type { TLSSocket } from "node:tls";
import { isLoopback } from "@tocsin/http";
import type { FastifyRequest } from "fastify";
import { hostNameOf } from "../config/host-name.ts";
import type { SenderAddresses } from "./sender-address.ts";

/** How a person's browser reaches this service, as far as a request shows it. */
export interface UserConnection {
  /** TLS up to the browser for certain: of this service, of a trusted proxy, or of the public URL. */
  readonly isTls: boolean;
  /** TLS that authenticates the host, so that no other site's name can lead here. */
  readonly isHostAuthentic: boolean;
  /** The browser is on this machine. */
  readonly isLoopback: boolean;
  /** The origins that a page of this service may have. */
  readonly origins: readonly string[];
}

export interface UserConnectionSettings {
  readonly publicUrl: string | undefined;
  readonly senders: Pick<SenderAddresses, "isTrusted">;
}

export function userConnection(
  request: FastifyRequest,
  { publicUrl, senders }: UserConnectionSettings,
): UserConnection {
  const { headers, ip } = request;
  const { host = "", origin } = headers;
  const isHostAuthentic =
    (request.raw.socket as Partial<TLSSocket>).encrypted === true ||
    (senders.isTrusted(ip) && isHttps(headers["x-forwarded-proto"]));
  const ownOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  const pageHost = origin === undefined ? host : (URL.parse(origin)?.host ?? "");
  const hostOrigin = URL.parse(`${isHostAuthentic ? "https" : "http"}://${host}`)?.origin;
  return {
    isTls: isHostAuthentic || ownOrigin?.startsWith("https:") === true,
    isHostAuthentic,
    // A proxy may replace the host by its name for this machine, but not the origin.
    isLoopback: [host, pageHost].every((authority) => isLoopback(hostNameOf(authority) ?? "")),
    origins: [hostOrigin, ownOrigin].filter((one) => one !== undefined),
  };
}

/** Every proxy of a chain adds its own connection: all of them must be TLS. */
const isHttps = (forwardedProto: string | readonly string[] | undefined): boolean =>
  forwardedProto !== undefined &&
  [forwardedProto]
    .flat()
    .join(",")
    .split(",")
    .every((proto) => proto.trim().toLowerCase() === "https");
