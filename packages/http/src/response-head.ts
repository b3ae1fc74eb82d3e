/** The response is not HTTP/1, or has no status. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** The needed part of a status line and its headers. */
export interface ResponseHead {
  status: number;
  retryAfter: string | undefined;
  /** Ms for which the other end keeps the idle connection. 0: it must not be used again. `undefined`: the response does not say. */
  keepAliveMs: number | undefined;
  /** Bytes of the body. "chunked": it comes in chunks. "close": it ends with the connection. */
  length: number | "chunked" | "close";
}

/** Maximum length of a status line with headers. Node's own limit is the same. */
const maxHeadBytes = 16_384;

/**
 * Reads a head as soon as it is complete, or as soon as a fault shows.
 *
 * Lines may end with LF alone, headers may be folded, and empty lines may come first (RFC 9112, sections 2.2 and 5.2). After any
 * other fault the status is still used, because the receiver has decided about the event. The rest is not used: an attacker may
 * want us to read a part of one response as the next one. Such a head has no body and ends the connection.
 *
 * @param ended no more bytes will come
 * @returns the head and its length in bytes; `undefined` if there is no status yet
 * @throws ProtocolError if there will be no status
 */
export function readHead(received: Buffer, ended = false): { head: ResponseHead; bytes: number } | undefined {
  let start = 0;
  while (received[start] === lf || received[start] === cr) start++;
  const text = received.toString("latin1", start, start + maxHeadBytes);
  const end = emptyLine.exec(text);
  const lines = text.slice(0, end ? end.index + 1 : text.lastIndexOf("\n") + 1);
  const wrong = (lines !== "" && !wellFormed.test(lines)) || (!end && bareControl.test(text));
  const bytes = end ? start + end.index + end[0].length : received.length;
  if (end && !wrong) return { head: parseHead(lines), bytes };
  const isHttp = "HTTP/1.".startsWith(text.slice(0, 7));
  const isOver = ended || text.length === maxHeadBytes;
  if (isHttp && !wrong && !isOver) return undefined;
  const status = Number(statusLine.exec(text)?.[1] ?? 0);
  if (isFinal(status) || (status > 0 && end)) return { head: brokenHead(status, lines), bytes };
  // Another response may follow after an interim one.
  if (ended || (status > 0 && !isOver)) return undefined;
  throw new ProtocolError("not HTTP/1.1");
}

/** No other response follows. 101 is final, because we cannot read the protocol that follows. */
export const isFinal = (status: number): boolean => status >= 200 || status === 101;

const lf = 10;
const cr = 13;
const emptyLine = /\n\r?\n/;

/** A status and its delimiters. */
const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)[ \r\n]/;

/** The characters of a name, and of a value (RFC 9110, sections 5.6.2 and 5.5). */
export const nameCharacter = /[-!#$%&'*+.^_`|~\w]/.source;
export const valueCharacter = /[\t\x20-\x7e\x80-\xff]/.source;

const foldedLine = `\\r?\\n[ \\t]${valueCharacter}*`;
const header = `${nameCharacter}+:${valueCharacter}*(?:${foldedLine})*\\r?\\n`;

/** A status line and headers. No two alternatives match the same text, so that the time is linear. */
const wellFormed = new RegExp(`^HTTP/1\\.[01] [1-9]\\d\\d(?: [^\\0\\r\\n]*)?\\r?\\n(?:${header})*$`);

/** A NUL, or a CR within a line: a fault even before its line is complete. */
const bareControl = /\0|\r[^\n]/;

/** @param text well-formed lines */
function parseHead(text: string): ResponseHead {
  const status = Number(statusLine.exec(text)![1]);
  const isHttp10 = text.startsWith("HTTP/1.0");
  const headers = parseHeaders(text);
  const length = bodyLength(status, headers);
  if (length === undefined) return brokenHead(status, text);
  const connection = headers.get("connection") ?? "";
  const keepSeconds = /\btimeout=(\d+)/i.exec(headers.get("keep-alive") ?? "")?.[1];
  const closes =
    length === "close" ||
    status === 101 ||
    saysClose.test(connection) ||
    // HTTP/1.0 has no chunks, so a proxy may have changed them: the connection is closed (RFC 9112, section 6.1).
    (isHttp10 && (length === "chunked" || !saysKeepAlive.test(connection)));
  return {
    status,
    retryAfter: headers.get("retry-after"),
    keepAliveMs: closes ? 0 : keepSeconds === undefined ? undefined : Number(keepSeconds) * 1000,
    length,
  };
}

const saysClose = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;
const saysKeepAlive = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;

function brokenHead(status: number, lines: string): ResponseHead {
  const retryAfter = /^retry-after:[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*\r?$/im.exec(lines)?.[1];
  return { status, retryAfter, keepAliveMs: 0, length: 0 };
}

const wanted = ["connection", "content-length", "keep-alive", "retry-after", "transfer-encoding"];
const wantedLengths: ReadonlySet<number> = new Set(wanted.map((name) => name.length));

/** The wanted headers by their names in lower case. Most other headers are skipped by the length of their names. */
function parseHeaders(text: string): Map<string, string> {
  const unfolded = folded.test(text) ? text.replace(everyFold, " ") : text;
  const headers = new Map<string, string>();
  for (let start = unfolded.indexOf("\n") + 1, end = 0; start < unfolded.length; start = end + 1) {
    end = unfolded.indexOf("\n", start);
    const colon = unfolded.indexOf(":", start);
    if (!wantedLengths.has(colon - start)) continue;
    const name = unfolded.slice(start, colon).toLowerCase();
    const value = unfolded.slice(colon + 1, end).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

const folded = /\n[ \t]/;
const everyFold = /\r?\n[ \t]+/g;

/** RFC 9112, section 6.3. `undefined`: the headers contradict themselves or each other. */
function bodyLength(status: number, headers: ReadonlyMap<string, string>): ResponseHead["length"] | undefined {
  const encoding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (encoding !== undefined && length !== undefined) return undefined;
  // The same length twice is valid. Two different lengths are an attack.
  const [first = "0", ...others] = new Set(length?.split(",").map((part) => part.trim()));
  if (!/^\d+$/.test(first) || others.length > 0) return undefined;
  if (status < 200 || status === 204 || status === 304) {
    // These have no body. If one comes all the same, it must not be read as the next response.
    return status === 204 && (encoding !== undefined || Number(first) > 0) ? undefined : 0;
  }
  if (encoding !== undefined) return /(?:^|,)\s*chunked$/i.test(encoding) ? "chunked" : "close";
  return length === undefined ? "close" : Number(first);
}
