import { parseHead, ProtocolError, type ResponseHead } from "./response-head.ts";

/** One answer, read off a connection. */
export interface Response extends ResponseHead {
  body: string;
}

/** Longest status line with headers, size line of a chunk, trailers. Node's own limit is the same. */
const maxHeadBytes = 16_384;

const none: Buffer = Buffer.alloc(0);

/**
 * Reads one HTTP/1.1 answer (RFC 9112) as it comes, in pieces of any size. Interim answers (1xx) are skipped.
 *
 * Why not node:http's: making its request, response and agent objects costs twice what TLS and the kernel cost, and of an
 * answer we need the status and some hundred bytes.
 */
export class ResponseParser {
  #pending = none;
  #head: ResponseHead | undefined;
  /** Bytes that the current stretch of the body still lacks: the whole body, or a chunk. */
  #missing = 0;
  /** Where a body in chunks is. */
  #expects: "size" | "data" | "line end" | "trailers" = "size";
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  readonly #mostBytes: number;

  /** @param mostBytes a longer body is cut there */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /**
   * @returns the answer when this piece completes it
   * @throws ProtocolError
   */
  push(piece: Buffer): Response | undefined {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    while (this.#head === undefined) {
      const text = this.#take("\r\n\r\n");
      if (text === undefined) {
        if (!"HTTP/1.".startsWith(this.#pending.toString("latin1", 0, 7))) throw new ProtocolError("not HTTP/1.1");
        return undefined;
      }
      const head = parseHead(text);
      // After an interim answer the answer itself is still to come.
      if (head.status >= 200) this.#start(head);
    }
    const whole = this.#head.length === "chunked" ? this.#readChunks() : this.#readStretch();
    if (whole) return this.#response(this.#pending.length === 0 ? this.#head.keepAliveMs : 0);
    // What follows is not read, so the connection cannot be used again.
    return this.#bodyBytes >= this.#mostBytes ? this.#response(0) : undefined;
  }

  /** Whether anything of an answer has come. */
  get started(): boolean {
    return this.#head !== undefined || this.#pending.length > 0;
  }

  /** What has come so far, from the end of its headers on. */
  get sofar(): Response | undefined {
    return this.#head && this.#response(0);
  }

  /** The other end closed the connection, which ends a body without a length and breaks every other. */
  close(): Response | undefined {
    return this.#head?.length === "close" ? this.#response(0) : undefined;
  }

  #start(head: ResponseHead): void {
    this.#head = head;
    if (head.length !== "chunked") this.#missing = head.length === "close" ? Number.POSITIVE_INFINITY : head.length;
  }

  #response(keepAliveMs: number | undefined): Response {
    const bytes = this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body);
    return { ...this.#head!, keepAliveMs, body: bytes.toString("utf8", 0, this.#mostBytes) };
  }

  /** True when the stretch is complete. */
  #readStretch(): boolean {
    const bytes = this.#pending.subarray(0, this.#missing);
    this.#pending = this.#pending.subarray(bytes.length);
    this.#missing -= bytes.length;
    this.#bodyBytes += bytes.length;
    if (bytes.length > 0) this.#body.push(bytes);
    return this.#missing === 0;
  }

  /** True when the last chunk and the trailers are read. */
  #readChunks(): boolean {
    for (;;) {
      if (this.#expects === "data") {
        if (!this.#readStretch()) return false;
        this.#expects = "line end";
      }
      const line = this.#take("\r\n");
      if (line === undefined) return false;
      if (this.#expects === "trailers") {
        if (line === "") return true;
      } else if (this.#expects === "line end") {
        if (line !== "") throw new ProtocolError("chunk longer than its size");
        this.#expects = "size";
      } else {
        const size = /^([0-9a-f]{1,8})\s*(?:;|$)/i.exec(line)?.[1];
        if (size === undefined) throw new ProtocolError("not the size of a chunk");
        this.#missing = Number.parseInt(size, 16);
        this.#expects = this.#missing === 0 ? "trailers" : "data";
      }
    }
  }

  /** Text up to the next mark, without it; `undefined` when it is not there yet. */
  #take(mark: string): string | undefined {
    const end = this.#pending.indexOf(mark);
    if ((end < 0 ? this.#pending.length : end) > maxHeadBytes) throw new ProtocolError("headers too long");
    if (end < 0) return undefined;
    const text = this.#pending.toString("latin1", 0, end);
    this.#pending = this.#pending.subarray(end + mark.length);
    return text;
  }
}
