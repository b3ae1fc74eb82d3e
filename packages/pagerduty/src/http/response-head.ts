/** What came is not HTTP/1.1. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** What we need to know of a status line and its headers. */
export interface ResponseHead {
  status: number;
  retryAfter: string | undefined;
  /** How long the other end keeps the idle connection, in ms: 0 when it closes it, `undefined` when it does not say. */
  keepAliveMs: number | undefined;
  /** Bytes of the body; or it comes in chunks; or it is all that comes until the connection is closed. */
  length: number | "chunked" | "close";
}

/**
 * Reads a status line and its headers, without the empty line after them.
 *
 * @throws ProtocolError
 */
export function parseHead(text: string): ResponseHead {
  const [, minor, status] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?:[ \r]|$)/.exec(text) ?? [];
  if (status === undefined) throw new ProtocolError("not an HTTP/1.1 status line");
  const headers = parseHeaders(text);
  const connection = headers.get("connection")?.toLowerCase() ?? (minor === "0" ? "close" : "");
  const length = bodyLength(Number(status), headers);
  const keepSeconds = /\btimeout=(\d+)/i.exec(headers.get("keep-alive") ?? "")?.[1];
  const closes = length === "close" || /\bclose\b/.test(connection);
  return {
    status: Number(status),
    retryAfter: headers.get("retry-after"),
    keepAliveMs: closes ? 0 : keepSeconds === undefined ? undefined : Number(keepSeconds) * 1000,
    length,
  };
}

const wanted = ["connection", "content-length", "keep-alive", "retry-after", "transfer-encoding"];
const wantedLengths: ReadonlySet<number> = new Set(wanted.map((name) => name.length));

/** Those that are wanted, by their names in lower case; of the others, which are most, only those with names as long. */
function parseHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (let end = text.indexOf("\r\n"); end >= 0;) {
    const start = end + 2;
    end = text.indexOf("\r\n", start);
    const colon = text.indexOf(":", start);
    if (colon <= start || (end >= 0 && colon > end)) throw new ProtocolError("not a header");
    if (!wantedLengths.has(colon - start)) continue;
    const name = text.slice(start, colon).toLowerCase();
    const value = text.slice(colon + 1, end < 0 ? undefined : end).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** RFC 9112, 6.3. */
function bodyLength(status: number, headers: ReadonlyMap<string, string>): ResponseHead["length"] {
  if (status < 200 || status === 204 || status === 304) return 0;
  const encoding = headers.get("transfer-encoding");
  if (encoding !== undefined) return /(?:^|,)\s*chunked$/i.test(encoding) ? "chunked" : "close";
  const length = headers.get("content-length");
  if (length === undefined) return "close";
  // The same length twice is one; two lengths are an attack.
  const [first = "", ...others] = length.includes(",")
    ? new Set(length.split(",").map((part) => part.trim()))
    : [length];
  if (!/^\d+$/.test(first) || others.length > 0) throw new ProtocolError("content-length is not a number");
  return Number(first);
}
