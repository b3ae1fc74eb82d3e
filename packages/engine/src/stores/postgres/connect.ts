import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { Session } from "./session.ts";

/** Where PostgreSQL is, and who we are there. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** False: not encrypted. */
  readonly tls: false | ConnectionOptions;
  /** Where the tables are. @default the user's search path */
  readonly schema?: string;
}

const connectTimeoutMs = 5_000;

/**
 * What keeps one replica from holding up the others. The ledger's lock is held for milliseconds: a holder that says nothing
 * for three seconds is paused or cut off, and is thrown out with its transaction, before those who wait give up.
 */
const settings = [
  "SET idle_in_transaction_session_timeout = 3000",
  "SET statement_timeout = 9000",
  "SET lock_timeout = 6000",
  // A holder whose machine is gone: noticed while we send to it, and while we wait for it.
  "SET tcp_user_timeout = 5000",
  "SET tcp_keepalives_idle = 2",
  "SET tcp_keepalives_interval = 1",
  "SET tcp_keepalives_count = 3",
  // An answer is a promise: whatever the server's default is, it is on disk by then. A stronger setting stays.
  "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)",
  "SET jit = off",
];

/** @throws Error whose message says why, and what to change where the configuration is wrong */
export async function connect(server: PostgresServer): Promise<Session> {
  const client = clientOf(server);
  const session = new Session(client);
  await client.connect().catch((error: Error) => {
    // Otherwise the server waits a minute for the rest of the login, and this process for the server.
    session.close(error);
    throw server.password === undefined && asksForPassword(error)
      ? new Error("PostgreSQL asks for a password and none is set; set `ledger.password`", { cause: error })
      : error;
  });
  const path = server.schema === undefined ? [] : [`SET search_path = ${client.escapeIdentifier(server.schema)}`];
  await session.run([{ sql: [...settings, ...path].join("; ") }], connectTimeoutMs);
  return session;
}

/** The driver has no code for it: it fails while it makes the answer of SCRAM, or of an older method, from no password. */
const asksForPassword = ({ message }: Error): boolean => /password must be a|password authentication/i.test(message);

function clientOf(server: PostgresServer): pg.Client {
  const { host, port, user, password, database, tls } = server;
  return new pg.Client({
    host,
    port,
    user,
    database,
    ...(password !== undefined && { password }),
    ssl: tls === false ? false : { host, ...tls },
    application_name: "tocsin",
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 2_000,
    pipeline: true,
  });
}
