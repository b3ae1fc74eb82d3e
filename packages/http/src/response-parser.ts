import { isFinal, nameCharacter, readHead, type ResponseHead, valueCharacter } from "./response-head.ts";

/** One answer, read off a connection. */
export interface Response extends ResponseHead {
  body: string;
}

/** Longest size line of a chunk, longest trailers. Node's own limit for them is the same. */
const maxLineBytes = 16_384;

const none: Buffer = Buffer.alloc(0);

/** How far a body is. `broken`: it will never be whole. */
type Progress = "whole" | "partial" | "broken";

/**
 * Reads one HTTP/1.1 answer (RFC 9112) as it comes, in pieces of any size. Interim answers (1xx) are skipped.
 *
 * Once there is a status, there is an answer: a fault after it only ends the body and the connection.
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
  #trailerBytes = 0;
  #keepsAlive = true;
  readonly #body: Buffer[] = [];
  #bodyBytes = 0;
  readonly #maxBytes: number;

  /** @param maxBytes a longer body is cut there */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * @returns the answer when this piece completes it, or shows that it will never be complete
   * @throws ProtocolError when there will be no status
   */
  push(piece: Buffer): Response | undefined {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    if (!this.#head && !this.#readHead()) return undefined;
    const done = this.#head!.length === "chunked" ? this.#readChunks() : this.#readStretch();
    if (done === "whole") {
      const isLast = this.#pending.length > 0 || !this.#keepsAlive;
      return this.#response(isLast ? 0 : this.#head!.keepAliveMs);
    }
    // The rest is not read, so the connection cannot be used again.
    return done === "broken" || this.#bodyBytes >= this.#maxBytes ? this.#response(0) : undefined;
  }

  /** Whether anything of an answer has come. */
  get started(): boolean {
    return this.#head !== undefined || this.#pending.length > 0;
  }

  /**
   * Nothing more will come, or be waited for.
   *
   * @returns the answer where there is a status, with as much of its body as has come
   */
  close(): Response | undefined {
    return this.#head || this.#readHead(true) ? this.#response(0) : undefined;
  }

  /** @returns whether there is a head now; interim ones do not count */
  #readHead(ended = false): boolean {
    for (;;) {
      const read = readHead(this.#pending, ended);
      if (!read) return false;
      this.#pending = this.#pending.subarray(read.bytes);
      if (!isFinal(read.head.status)) {
        // It closes the connection, or is broken: then where it ends is not certain.
        if (read.head.keepAliveMs === 0) this.#keepsAlive = false;
        continue;
      }
      this.#start(read.head);
      return true;
    }
  }

  #start(head: ResponseHead): void {
    this.#head = head;
    if (head.length !== "chunked") this.#missing = head.length === "close" ? Number.POSITIVE_INFINITY : head.length;
  }

  #response(keepAliveMs: number | undefined): Response {
    const bytes = this.#body.length === 1 ? this.#body[0]! : Buffer.concat(this.#body);
    return { ...this.#head!, keepAliveMs, body: bytes.toString("utf8", 0, this.#maxBytes) };
  }

  /** A body, or a chunk of it. */
  #readStretch(): Progress {
    const bytes = this.#pending.subarray(0, this.#missing);
    this.#pending = this.#pending.subarray(bytes.length);
    this.#missing -= bytes.length;
    this.#bodyBytes += bytes.length;
    if (bytes.length > 0) this.#body.push(bytes);
    return this.#missing === 0 ? "whole" : "partial";
  }

  /** All chunks and the trailers. */
  #readChunks(): Progress {
    for (;;) {
      if (this.#expects === "data") {
        if (this.#readStretch() === "partial") return "partial";
        this.#expects = "line end";
      }
      const line = this.#takeLine();
      if (line === undefined) return this.#pending.length > maxLineBytes ? "broken" : "partial";
      if (!line.endsWith("\r")) return "broken";
      if (this.#expects === "trailers") {
        if (line === "\r") return "whole";
        if ((this.#trailerBytes += line.length) > maxLineBytes || !trailer.test(line)) return "broken";
      } else if (this.#expects === "line end") {
        if (line !== "\r") return "broken";
        this.#expects = "size";
      } else {
        const size = chunkSize.exec(line)?.[1];
        if (size === undefined) return "broken";
        this.#missing = Number.parseInt(size, 16);
        this.#expects = this.#missing === 0 ? "trailers" : "data";
      }
    }
  }

  /** The next line without its LF; `undefined` when it is not complete. */
  #takeLine(): string | undefined {
    const end = this.#pending.indexOf("\n");
    if (end < 0) return undefined;
    const line = this.#pending.toString("latin1", 0, end);
    this.#pending = this.#pending.subarray(end + 1);
    return line;
  }
}

/** A header that does not say how long the answer is: it is too late for that (RFC 9110, 6.5.1). */
const trailer = new RegExp(`^(?!content-length:|transfer-encoding:)${nameCharacter}+:${valueCharacter}*\\r$`, "i");

const quoted = /"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"/.source;

/** A size, and extensions that we do not use (RFC 9112, 7.1.1). */
const chunkSize = new RegExp(
  `^([0-9a-f]{1,8})(?:;(?!\\r)${nameCharacter}*(?:=(?:${nameCharacter}*|${quoted}))?)*\\r$`,
  "i",
);
