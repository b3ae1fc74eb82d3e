import { isFinal, nameCharacter, readHead, type ResponseHead, valueCharacter } from "./response-head.ts";

/** One response, read from a connection. */
export interface Response extends ResponseHead {
  body: string;
}

/** Maximum length of the size line of a chunk, and of all trailers. Node's own limit is the same. */
const maxLineBytes = 16_384;

const none: Buffer = Buffer.alloc(0);

/** Progress of a body. `broken`: it will never be whole. */
type Progress = "whole" | "partial" | "broken";

/**
 * Reads one HTTP/1.1 response (RFC 9112) as it comes, in pieces of any size. Interim responses (1xx) are skipped.
 *
 * After the status every fault only ends the body and the connection: the response counts.
 *
 * The parser of node:http is not used: its request, response and agent objects cost twice as much as TLS and the kernel, and we
 * need only the status and some hundred bytes of a response.
 */
export class ResponseParser {
  #pending = none;
  #head: ResponseHead | undefined;
  /** Missing bytes of the current section of the body: the whole body, or a chunk. */
  #missing = 0;
  /** The next part of a body in chunks. */
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
   * @returns the response if this piece completes it, or shows that it will never be complete
   * @throws ProtocolError if there will be no status
   */
  push(piece: Buffer): Response | undefined {
    this.#pending = this.#pending.length === 0 ? piece : Buffer.concat([this.#pending, piece]);
    if (!this.#head && !this.#readHead()) return undefined;
    const done = this.#head!.length === "chunked" ? this.#readChunks() : this.#readSection();
    if (done === "whole") {
      const isLast = this.#pending.length > 0 || !this.#keepsAlive;
      return this.#response(isLast ? 0 : this.#head!.keepAliveMs);
    }
    // The rest is not read, so the connection cannot be used again.
    return done === "broken" || this.#bodyBytes >= this.#maxBytes ? this.#response(0) : undefined;
  }

  /** Whether any byte of a response has come. */
  get started(): boolean {
    return this.#head !== undefined || this.#pending.length > 0;
  }

  /**
   * Ends the response: no more bytes will come, or the caller does not wait for them.
   *
   * @returns the response with the received part of its body, or `undefined` if there is no status
   */
  close(): Response | undefined {
    return this.#head || this.#readHead(true) ? this.#response(0) : undefined;
  }

  /** @returns whether there is a head now. Interim responses do not count. */
  #readHead(ended = false): boolean {
    for (;;) {
      const read = readHead(this.#pending, ended);
      if (!read) return false;
      this.#pending = this.#pending.subarray(read.bytes);
      if (!isFinal(read.head.status)) {
        // It closes the connection, or it has a fault and its end is not certain.
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
  #readSection(): Progress {
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
        if (this.#readSection() === "partial") return "partial";
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

/** A header, except those for the length of the body, which must come before it (RFC 9110, section 6.5.1). */
const trailer = new RegExp(`^(?!content-length:|transfer-encoding:)${nameCharacter}+:${valueCharacter}*\\r$`, "i");

const quoted = /"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"/.source;

/** A size, and extensions that we do not use (RFC 9112, section 7.1.1). */
const chunkSize = new RegExp(
  `^([0-9a-f]{1,8})(?:;(?!\\r)${nameCharacter}*(?:=(?:${nameCharacter}*|${quoted}))?)*\\r$`,
  "i",
);
