import type { ConnectionOptions } from "node:tls";
import type { PostgresServer } from "./connect.ts";

const modes = ["disable", "require", "verify-ca", "verify-full"] as const;

/**
 * Reads a URL such as `postgres://tocsin@db.example.com:5432/tocsin?sslmode=verify-full`.
 *
 * @throws Error whose message says what is wrong with the URL, and quotes no part of it
 */
export function parseConnectionUrl(
  url: string,
  given: { readonly password?: string; readonly ca?: string } = {},
): PostgresServer {
  if (!URL.canParse(url)) throw new Error('expected a URL such as "postgres://tocsin@db.example.com/tocsin"');
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  for (const name of searchParams.keys())
    if (name !== "sslmode" && name !== "schema")
      throw new Error("knows `sslmode` and `schema` after the question mark");
  const user = decodeURIComponent(username);
  const database = decodeURIComponent(pathname.slice(1));
  if (hostname === "" || user === "" || database === "") throw new Error("expected a host, a user and a database");
  const secret = given.password ?? decodeURIComponent(password);
  const schema = searchParams.get("schema");
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? 5432 : Number(port),
    user,
    database,
    ...(secret !== "" && { password: secret }),
    ...(schema !== null && { schema }),
    tls: tlsOf(searchParams.get("sslmode"), hostname, given.ca),
  };
}

/** The modes of libpq, without those that may fall back to no encryption. */
function tlsOf(written: string | null, host: string, ca: string | undefined): false | ConnectionOptions {
  const mode = written ?? (ca === undefined ? (isLocal(host) ? "disable" : "verify-full") : "verify-full");
  const known = modes.find((one) => one === mode);
  if (known === undefined) throw new Error(`sslmode is one of ${modes.join(", ")}`);
  if (known === "disable") return false;
  const trust = ca === undefined ? {} : { ca };
  if (known === "require")
    return { ...trust, rejectUnauthorized: ca !== undefined, checkServerIdentity: () => undefined };
  return known === "verify-ca" ? { ...trust, checkServerIdentity: () => undefined } : trust;
}

const isLocal = (host: string): boolean => ["localhost", "127.0.0.1", "[::1]"].includes(host);

/** The URL as it may be shown: without user, password and parameters. */
export function shownConnectionUrl({
  host,
  port,
  database,
}: Pick<PostgresServer, "host" | "port" | "database">): string {
  return `postgres://${host.includes(":") ? `[${host}]` : host}:${port}/${database}`;
}
