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
  const [statusLine = "", ...lines] = text.split("\r\n");
  const [, minor, status] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(statusLine) ?? [];
  if (status === undefined) throw new ProtocolError("not an HTTP/1.1 status line");
  const headers = parseHeaders(lines);
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

function parseHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new ProtocolError("not a header");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
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
  const [first = "", ...others] = new Set(length.split(",").map((part) => part.trim()));
  if (!/^\d+$/.test(first) || others.length > 0) throw new ProtocolError("content-length is not a number");
  return Number(first);
}
