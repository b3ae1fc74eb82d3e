import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "./response-head.ts";
import { type Response, ResponseParser } from "./response-parser.ts";

/** Feeds a text in pieces that end at `cuts`; then the other end closes. */
function parse(text: string | Buffer, cuts: readonly number[] = []): Response | undefined {
  const parser = new ResponseParser(16_384);
  const bytes = Buffer.from(text);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  let start = 0;
  for (const end of ends) {
    if (end === start) continue;
    const response = parser.push(bytes.subarray(start, end));
    if (response) return response;
    start = end;
  }
  return parser.close();
}

const ok = "HTTP/1.1 202 Accepted\r\n";
const answers: [string, string, Partial<Response>][] = [
  [
    "with a length",
    `${ok}Content-Length: 4\r\n\r\nbödy`.replace("4", "5"),
    { status: 202, body: "bödy", keepAliveMs: undefined },
  ],
  ["without a body", `${ok}content-length: 0\r\n\r\n`, { status: 202, body: "" }],
  ["without a reason", "HTTP/1.1 202\r\ncontent-length:1\r\n\r\nx", { status: 202, body: "x" }],
  ["without headers", `HTTP/1.1 204 No Content\r\n\r\n`, { status: 204, body: "", length: 0, keepAliveMs: undefined }],
  ["304 with a length but no body", `HTTP/1.1 304 X\r\ncontent-length: 9\r\n\r\n`, { status: 304, body: "" }],
  [
    "in chunks",
    `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y;z;q="a b"\r\n0123456789\r\n0\r\n\r\n`,
    { body: "abc0123456789" },
  ],
  [
    "in chunks with trailers",
    `${ok}transfer-encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\nT: 1\r\nU: 2\r\n\r\n`,
    { body: "x" },
  ],
  ["until the end", `${ok}server: x\r\n\r\nall of it`, { body: "all of it", keepAliveMs: 0 }],
  ["in an unknown encoding, until the end", `${ok}transfer-encoding: gzip\r\n\r\nall`, { body: "all", keepAliveMs: 0 }],
  [
    "after an interim answer",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n${ok}content-length: 1\r\n\r\nx`,
    { status: 202, body: "x" },
  ],
  [
    "after an interim answer with a fault",
    `HTTP/1.1 103 Hints\r\nlink : \0\r\n\r\n${ok}content-length: 1\r\n\r\nx`,
    { status: 202, body: "x", keepAliveMs: 0 },
  ],
  ["that closes", `${ok}connection: Keep-Alive, Close\r\ncontent-length: 1\r\n\r\nx`, { body: "x", keepAliveMs: 0 }],
  ["of HTTP/1.0", `HTTP/1.0 202 OK\r\ncontent-length: 1\r\n\r\nx`, { body: "x", keepAliveMs: 0 }],
  [
    "in HTTP/1.0 that keeps its connection",
    `HTTP/1.0 202 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx`,
    { keepAliveMs: undefined },
  ],
  [
    "whose connection stays open for 5 s",
    `${ok}keep-alive: max=9, timeout=5\r\ncontent-length: 1\r\n\r\nx`,
    { keepAliveMs: 5000 },
  ],
  [
    "with Retry-After",
    `HTTP/1.1 429 X\r\nRETRY-AFTER:\t 30 \r\ncontent-length: 0\r\n\r\n`,
    { status: 429, retryAfter: "30" },
  ],
  [
    "whose connection stays open for 15 s",
    `${ok}keep-alive: timeout=15\r\nx: y\r\ncontent-length: 1\r\n\r\nx`,
    { keepAliveMs: 15_000 },
  ],
  ["in chunks that are packed, until the end", `${ok}transfer-encoding: chunked, gzip\r\n\r\nall`, { body: "all" }],
  [
    "after empty lines",
    `\r\n\n\r\n${ok}content-length: 1\r\n\r\nx`,
    { status: 202, body: "x", keepAliveMs: undefined },
  ],
  ["whose lines end with LF alone", "HTTP/1.1 202 OK\ncontent-length: 1\n\nx", { body: "x", keepAliveMs: undefined }],
  ["whose lines end in both ways", "HTTP/1.1 202 OK\ncontent-length: 1\r\n\nx", { body: "x", keepAliveMs: undefined }],
  [
    "with folded headers",
    "HTTP/1.1 503 X\r\nretry-after:\r\n\t 7\r\ncontent-length: 1\r\nx: a\r\n b: c\n  d\r\n \r\n\r\nx",
    { retryAfter: "7", body: "x", keepAliveMs: undefined },
  ],
  ["that switches protocols", "HTTP/1.1 101 X\r\nupgrade: x\r\n\r\n", { status: 101, body: "", keepAliveMs: 0 }],
  [
    "in HTTP/1.0 with another option than keep-alive",
    "HTTP/1.0 202 OK\r\nconnection: upgrade\r\ncontent-length: 1\r\n\r\nx",
    { body: "x", keepAliveMs: 0 },
  ],
  [
    "in HTTP/1.0 in chunks",
    "HTTP/1.0 202 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    { body: "x", keepAliveMs: 0 },
  ],
  ["with one length twice", `${ok}content-length: 1\r\ncontent-length: 1\r\n\r\nx`, { body: "x" }],
  [
    "with one longer length twice",
    `${ok}content-length: 12\r\ncontent-length: 12\r\n\r\nxxxxxxxxxxxx`,
    { body: "xxxxxxxxxxxx" },
  ],
];

describe("an answer", () => {
  test.each(answers)("%s is read", (_, text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  test("is read the same in pieces of any size", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...answers),
        fc.array(fc.nat({ max: 200 }), { maxLength: 12 }),
        ([, text, expected], cuts) => {
          expect(parse(text, cuts)).toMatchObject(expected);
        },
      ),
      { numRuns: 1000 },
    );
    for (const [, text, expected] of answers) {
      expect(
        parse(
          text,
          Array.from({ length: Buffer.byteLength(text) }, (_, i) => i),
        ),
      ).toMatchObject(expected);
    }
  });

  test.each([
    ["nothing", ""],
    ["empty lines", "\r\n\r\n"],
    ["a status line", "HTTP/1.1 20"],
    ["an interim answer", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["the headers of an interim answer", "HTTP/1.1 103 Hints\r\nlink: x\r\n"],
  ])("that ends within %s does not count", (_, text) => {
    expect(parse(text)).toBeUndefined();
  });

  test.each([
    ["a length", `${ok}content-length: 3\r\n\r\nab`, "ab"],
    ["a status line", "HTTP/1.1 202 Acc", ""],
    ["headers", `${ok}content-length: 3\r\n`, ""],
    ["a chunk", `${ok}transfer-encoding: chunked\r\n\r\n3\r\nab`, "ab"],
    ["trailers", `${ok}transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n`, "ab"],
  ])("that ends within %s, but after its status, is used up to there", (_, text, body) => {
    const parser = new ResponseParser(16_384);
    expect(parser.push(Buffer.from(text))).toBeUndefined();
    expect(parser.close()).toMatchObject({ status: 202, body, keepAliveMs: 0 });
  });

  test("has its Retry-After even if its headers end too early", () => {
    expect(parse("HTTP/1.1 429 X\r\nRetry-After: 30 \r\nx: ")).toMatchObject({ status: 429, retryAfter: "30" });
    expect(parse("HTTP/1.1 429 X\nretry-after:30\nx y: \n\n")).toMatchObject({ status: 429, retryAfter: "30" });
  });

  const framed = `${ok}content-length: 1\r\n`;
  test.each([
    ["a blank before a colon", `${framed}x : y\r\n\r\nx`],
    ["a blank before a colon of a header that we read", `${ok}content-length : 1\r\n\r\nx`],
    ["a bare CR in a value", `${framed}x: a\rb\r\n\r\nx`],
    ["a bare CR in place of a line end", `${ok}content-length: 1\rx: y\r\n\r\nx`],
    ["two CRs before an LF", "HTTP/1.1 202 OK\r\r\ncontent-length: 1\r\r\n\r\r\nx"],
    ["bare CRs alone", "HTTP/1.1 202 OK\rcontent-length: 1\r\rx"],
    ["a NUL in a value", `${framed}x: a\0b\r\n\r\nx`],
    ["a NUL in a name", `${framed}x\0: b\r\n\r\nx`],
    ["a NUL in the reason", "HTTP/1.1 202 O\0K\r\ncontent-length: 1\r\n\r\nx"],
    ["a length and chunks", `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`],
    ["chunks and a length", `${ok}transfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n1\r\nx\r\n0\r\n\r\n`],
    ["another encoding and a length", `${ok}transfer-encoding: gzip\r\ncontent-length: 1\r\n\r\nx`],
    ["a blank before the first header", "HTTP/1.1 202 OK\r\n content-length: 1\r\n\r\nx"],
    ["a line without a colon", `${framed}nonsense\r\n\r\nx`],
    ["a header without a name", `${framed}: x\r\n\r\nx`],
    ["a word for a length", `${ok}content-length: ten\r\n\r\nx`],
    ["a negative length", `${ok}content-length: -1\r\n\r\nx`],
    ["a length that goes on", `${ok}content-length: 1x\r\n\r\nx`],
    ["two lengths", `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nx`],
    ["no length", `${ok}content-length:\r\n\r\nx`],
    ["headers without an end", `${framed}x: ${"y".repeat(17_000)}`],
    ["headers too long", `${framed}x: ${"y".repeat(17_000)}\r\n\r\nx`],
    ["a body after a 204", "HTTP/1.1 204 X\r\ncontent-length: 1\r\n\r\nx"],
  ])("with %s in its head has a status without a body and ends at once", (_, text) => {
    const response = new ResponseParser(16_384).push(Buffer.from(text));
    expect(response).toMatchObject({ body: "", keepAliveMs: 0 });
    expect(response?.status).toBe(text.includes(" 204 ") ? 204 : 202);
  });

  test("ends with the first faulty byte and does not wait for the end of its head", () => {
    for (const fault of ["x : y\r\n", "x: a\0", "x: a\rb", "no header\r\n"]) {
      const parser = new ResponseParser(16_384);
      const bytes = Buffer.from(framed + fault);
      for (let at = 0; at < bytes.length - 1; at++) expect(parser.push(bytes.subarray(at, at + 1))).toBeUndefined();
      expect(parser.push(bytes.subarray(-1))).toMatchObject({ status: 202, keepAliveMs: 0 });
    }
  });

  test.each([
    ["a chunk without a size", "xyz\r\n", ""],
    ["a chunk of nine digits", "123456789\r\n", ""],
    ["a chunk longer than its size", "1\r\nxyz\r\n", "x"],
    ["a size that LF ends alone", "1\nx\n0\n\n", ""],
    ["a chunk that LF ends alone", "1\r\nx\n0\r\n\r\n", "x"],
    ["a blank before a size", " 1\r\nx\r\n0\r\n\r\n", ""],
    ["a blank after a size", "1 \r\nx\r\n0\r\n\r\n", ""],
    ["a trailer without a colon", "1\r\nx\r\n0\r\nt\r\n\r\n", "x"],
    ["a blank in a trailer's name", "1\r\nx\r\n0\r\nt : y\r\n\r\n", "x"],
    ["a length in a trailer", "1\r\nx\r\n0\r\nContent-Length: 1\r\n\r\n", "x"],
    ["a bare CR after a size", "1\rx\r\n0\r\n\r\n", ""],
    ["a size without an end", `1;${"y".repeat(17_000)}`, ""],
    ["trailers without an end", `1\r\nx\r\n0\r\n${"t: y\r\n".repeat(4_000)}`, "x"],
  ])("with %s has a status and the body before the fault, and ends at once", (_, chunks, body) => {
    const parser = new ResponseParser(16_384);
    const response = parser.push(Buffer.from(`${ok}transfer-encoding: chunked\r\n\r\n${chunks}`));
    expect(response).toMatchObject({ status: 202, body, keepAliveMs: 0 });
  });

  test.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"],
    ["HTTP without a number", "HTTP/1.1 OK\r\n\r\n"],
    ["HTTP without a version", "HTTP/1. 200 OK\r\n\r\n"],
    ["a later HTTP/1", "HTTP/1.2 202 OK\r\ncontent-length: 1\r\n\r\nx"],
    ["a number too long", "HTTP/1.1 2020 OK\r\n\r\n"],
    ["a number too small", "HTTP/1.1 099 OK\r\n\r\n"],
    ["a status line without an end", `HTTP/1.1 ${" ".repeat(17_000)}`],
    ["an interim answer too long", `HTTP/1.1 103 X\r\nx: ${"y".repeat(17_000)}`],
  ])("with %s is an error", (_, text) => {
    expect(() => parse(text)).toThrow(ProtocolError);
  });

  test("with faults is read in linear time", () => {
    for (const line of ["x: \t \t", " \t \t", "x:", "-"].map((part) => part.repeat(4_000)))
      for (const fault of ["\0", "\r\n\0", "\r\n \r\n\0"]) {
        const startedAtMs = performance.now();
        parse(`${framed}y: ${line.replaceAll("\n", "")}\r\n ${line}\r\n ${line}${fault}`);
        expect(performance.now() - startedAtMs).toBeLessThan(1_000);
      }
  });

  test("with 16 KiB is read whole, and a longer one is cut and ends the connection", () => {
    const most = 16_384;
    const exact = parse(`${ok}content-length: ${most}\r\n\r\n${"x".repeat(most)}`);
    expect([exact?.body.length, exact?.keepAliveMs]).toEqual([most, undefined]);
    for (const head of [`content-length: 999999`, `transfer-encoding: chunked\r\n\r\nfffff`, "server: x"]) {
      const cut = parse(`${ok}${head}${head.includes("chunked") ? "\r\n" : "\r\n\r\n"}${"x".repeat(most + 5)}`, [9000]);
      expect([cut?.body.length, cut?.keepAliveMs]).toEqual([most, 0]);
    }
  });

  test("an answer that is followed by extra bytes is the last one on its connection", () => {
    expect(parse(`${ok}content-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n`)).toMatchObject({ body: "x", keepAliveMs: 0 });
  });

  test("has started with its first byte", () => {
    const parser = new ResponseParser(16_384);
    expect(parser.started).toBe(false);
    parser.push(Buffer.from("H"));
    expect(parser.started).toBe(true);
    parser.push(Buffer.from(`${ok.slice(1)}content-length: 5\r\n\r\n`));
    expect(parser.started).toBe(true);
  });

  test("that is not HTTP is an error at its first bytes and not at the timeout", () => {
    expect(() => new ResponseParser(16_384).push(Buffer.from("SSH"))).toThrow("not HTTP/1.1");
  });
});
