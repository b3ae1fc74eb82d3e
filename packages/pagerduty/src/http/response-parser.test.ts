import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "./response-head.ts";
import { type Response, ResponseParser } from "./response-parser.ts";

/** Feeds a text in pieces that end where `cuts` says; then the other end closes. */
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
    `${ok}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n`,
    { body: "abc0123456789" },
  ],
  [
    "in chunks with trailers",
    `${ok}transfer-encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\nT: 1\r\nU: 2\r\n\r\n`,
    { body: "x" },
  ],
  [
    "in chunks and with a length, which then counts for nothing",
    `${ok}content-length: 99\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    { body: "" },
  ],
  ["until the end", `${ok}server: x\r\n\r\nall of it`, { body: "all of it", keepAliveMs: 0 }],
  ["in an unknown encoding, until the end", `${ok}transfer-encoding: gzip\r\n\r\nall`, { body: "all", keepAliveMs: 0 }],
  [
    "after an interim answer",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n${ok}content-length: 1\r\n\r\nx`,
    { status: 202, body: "x" },
  ],
  ["that closes", `${ok}connection: Keep-Alive, Close\r\ncontent-length: 1\r\n\r\nx`, { body: "x", keepAliveMs: 0 }],
  ["of HTTP/1.0", `HTTP/1.0 202 OK\r\ncontent-length: 1\r\n\r\nx`, { body: "x", keepAliveMs: 0 }],
  [
    "of HTTP/1.0 that stays",
    `HTTP/1.0 202 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx`,
    { keepAliveMs: undefined },
  ],
  ["that stays for 5 s", `${ok}keep-alive: max=9, timeout=5\r\ncontent-length: 1\r\n\r\nx`, { keepAliveMs: 5000 }],
  [
    "that says when to come back",
    `HTTP/1.1 429 X\r\nRETRY-AFTER:\t 30 \r\ncontent-length: 0\r\n\r\n`,
    { status: 429, retryAfter: "30" },
  ],
  ["that stays for long", `${ok}keep-alive: timeout=15\r\nx: y\r\ncontent-length: 1\r\n\r\nx`, { keepAliveMs: 15_000 }],
  ["in chunks that are packed, until the end", `${ok}transfer-encoding: chunked, gzip\r\n\r\nall`, { body: "all" }],
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
    ["a length", `${ok}content-length: 3\r\n\r\nab`],
    ["headers", `${ok}content-length: 3\r\n`],
    ["a chunk", `${ok}transfer-encoding: chunked\r\n\r\n3\r\nab`],
    ["trailers", `${ok}transfer-encoding: chunked\r\n\r\n0\r\n`],
    ["nothing", ""],
    ["an interim answer", "HTTP/1.1 100 Continue\r\n\r\n"],
  ])("that ends within %s is none", (_, text) => {
    expect(parse(text)).toBeUndefined();
  });

  test.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"],
    ["HTTP without a number", "HTTP/1.1 OK\r\n\r\n"],
    ["a number too long", "HTTP/1.1 2020 OK\r\n\r\n"],
    ["a number too small", "HTTP/1.1 099 OK\r\n\r\n"],
    ["headers without a colon", `${ok}nonsense\r\n\r\n`],
    ["headers without a name", `${ok}: x\r\n\r\n`],
    ["a word for a length", `${ok}content-length: ten\r\n\r\n`],
    ["a line without a colon before one with", `${ok}no header\r\ncontent-length: 1\r\n\r\nx`],
    ["a negative length", `${ok}content-length: -1\r\n\r\n`],
    ["a length that goes on", `${ok}content-length: 1x\r\n\r\n`],
    ["two lengths", `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nx`],
    ["no length", `${ok}content-length:\r\n\r\nx`],
    ["a chunk without a size", `${ok}transfer-encoding: chunked\r\n\r\nxyz\r\n`],
    ["a chunk of nine digits", `${ok}transfer-encoding: chunked\r\n\r\n123456789\r\n`],
    ["a chunk longer than its size", `${ok}transfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n`],
    ["headers without an end", `${ok}x: ${"y".repeat(17_000)}`],
    ["headers too long", `${ok}x: ${"y".repeat(17_000)}\r\n\r\n`],
    ["a chunk's size without an end", `${ok}transfer-encoding: chunked\r\n\r\n1;${"y".repeat(17_000)}`],
  ])("of %s is an error", (_, text) => {
    expect(() => parse(text)).toThrow(ProtocolError);
  });

  test("of 16 KiB is read whole, and of more is cut, after which the connection is of no use", () => {
    const most = 16_384;
    const exact = parse(`${ok}content-length: ${most}\r\n\r\n${"x".repeat(most)}`);
    expect([exact?.body.length, exact?.keepAliveMs]).toEqual([most, undefined]);
    for (const head of [`content-length: 999999`, `transfer-encoding: chunked\r\n\r\nfffff`, "server: x"]) {
      const cut = parse(`${ok}${head}${head.includes("chunked") ? "\r\n" : "\r\n\r\n"}${"x".repeat(most + 5)}`, [9000]);
      expect([cut?.body.length, cut?.keepAliveMs]).toEqual([most, 0]);
    }
  });

  test("followed by what nobody asked for is the last on its connection", () => {
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

  test("that is not HTTP is an error at its first bytes, not at the timeout", () => {
    expect(() => new ResponseParser(16_384).push(Buffer.from("SSH"))).toThrow("not HTTP/1.1");
  });
});
