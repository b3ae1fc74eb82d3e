import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { Session } from "./session.ts";

/** The address of PostgreSQL, and the user to log in as. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** False: not encrypted. */
  readonly tls: false | ConnectionOptions;
  /** The schema that contains the tables. @default the user's search path */
  readonly schema?: string;
}

const connectTimeoutMs = 5_000;

/**
 * These settings prevent one replica from blocking the others. A replica holds the ledger's lock for milliseconds. A holder
 * that sends nothing for three seconds is paused or cut off; the server ends its session and transaction before the replicas
 * that wait for the lock give up.
 */
const settings = [
  "SET idle_in_transaction_session_timeout = 3000",
  "SET statement_timeout = 9000",
  "SET lock_timeout = 6000",
  // The server notices that the machine of a holder is gone, while it sends to it and while it waits for it.
  "SET tcp_user_timeout = 5000",
  "SET tcp_keepalives_idle = 2",
  "SET tcp_keepalives_interval = 1",
  "SET tcp_keepalives_count = 3",
  // An answer promises that its commit is on disk, whatever the server's default is. A stronger setting stays.
  "SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)",
  "SET jit = off",
];

/** @throws Error whose message says why, and what to change if the configuration is wrong */
export async function connect(server: PostgresServer): Promise<Session> {
  const client = clientOf(server);
  const session = new Session(client);
  await client.connect().catch((error: Error) => {
    // Without this, the server would wait a minute for the rest of the login, and this process would wait for the server.
    session.close(error);
    throw server.password === undefined && asksForPassword(error)
      ? new Error("PostgreSQL asks for a password and none is set; set `ledger.password`", { cause: error })
      : error;
  });
  const path = server.schema === undefined ? [] : [`SET search_path = ${client.escapeIdentifier(server.schema)}`];
  await session.run([{ sql: [...settings, ...path].join("; ") }], connectTimeoutMs);
  return session;
}

/** The driver has no error code for this: it fails while it computes the answer of SCRAM, or of an older method, without a password. */
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
