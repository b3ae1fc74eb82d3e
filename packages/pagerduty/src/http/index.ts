/**
 * HTTP/1.1 over connections that stay open, as this client makes its own requests and Tocsin's publishers theirs. Not part of
 * what the client promises: it may change with any version.
 */
export { connect, type Destination, destinationOf } from "./connect.ts";
export type { Connection } from "./connection.ts";
export { ConnectionPool } from "./connection-pool.ts";
export { minSecretLength, Redactor } from "../redact.ts";
export { proxiesFrom, proxyAuthorization, type ProxySettings } from "./proxy.ts";
export { proxyFor } from "./proxy-rules.ts";
export { TunnelError } from "./tunnel.ts";
export type { Response } from "./response-parser.ts";
