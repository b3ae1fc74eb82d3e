/** HTTP/1.1 over connections that stay open, for the PagerDuty client and for Tocsin's publishers. */
export * from "./portable.ts";
export { connect, type Destination, destinationOf } from "./connect.ts";
export type { Connection } from "./connection.ts";
export { ConnectionPool } from "./connection-pool.ts";
export { proxyFor } from "./proxy-for.ts";
export type { Response } from "./response-parser.ts";
export { TunnelError } from "./tunnel.ts";
