import type { Socket } from "node:net";
import { STATUS_CODES } from "node:http";
import type { Refusals } from "./refusals.ts";

/**
 * Answers requests that Node's HTTP parser refuses, in the shape of all errors, and ends the connection. A failed TLS handshake
 * is only counted and logged.
 */
export function answerClientError(
  { code = "" }: NodeJS.ErrnoException,
  socket: Socket,
  refusals: Pick<Refusals, "refusedBytes">,
): void {
  // No TLS connection exists that could carry a response.
  if (/^ERR_(?:SSL|TLS)_/.test(code)) {
    refusals.refusedBytes("tls", socket.remoteAddress, code);
    socket.destroy();
    return;
  }
  // A connection that was reset, also within a request, can receive no response.
  if (code === "ECONNRESET" || socket.destroyed || socket.writableEnded) return;
  const [status, reason, message] = refusalOf(code);
  refusals.refusedBytes(reason, socket.remoteAddress, code);
  const body = JSON.stringify({ error: { code: "invalid_request", message, issues: [] } });
  if (socket.writable) {
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "content-type: application/json; charset=utf-8",
      `content-length: ${Buffer.byteLength(body)}`,
      "connection: close",
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

function refusalOf(code: string): [status: number, reason: "malformed" | "timeout" | "too_large", message: string] {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return [408, "timeout", "the request did not arrive in time"];
  if (code === "HPE_HEADER_OVERFLOW") return [431, "too_large", "the request's headers are too large"];
  return [400, "malformed", "this is not an HTTP request"];
}
