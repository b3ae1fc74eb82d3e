import { ScriptedReceiver } from "@tocsin/test";
import { expect, test } from "vitest";
import { addressOf } from "./sender.ts";
import { Transport } from "./transport.ts";

const post = { headers: [], body: "{}", signal: new AbortController().signal };

/** Answers twice with the same bytes and leaves the connection open. */
async function answersTo(bytes: string) {
  const write = (socket: { write(bytes: Buffer): unknown }) => void socket.write(Buffer.from(bytes, "latin1"));
  await using receiver = await ScriptedReceiver.open(write, write);
  await using transport = new Transport();
  const address = addressOf(receiver.url);
  const first = await transport.post({ ...post, address });
  const second = await transport.post({ ...post, address });
  expect(second).toEqual(first);
  return { reply: first, connectionCount: receiver.connectionCount };
}

test.each([
  ["whose lines end with LF alone", "HTTP/1.1 202 OK\ncontent-length: 2\n\n{}"],
  ["with a folded header", "HTTP/1.1 202 OK\r\nx: a\r\n b\r\ncontent-length:\r\n 2\r\n\r\n{}"],
  ["after an empty line", "\r\nHTTP/1.1 202 OK\r\ncontent-length: 2\r\n\r\n{}"],
])("a response %s is read at once, and its connection is used again", async (_, bytes) => {
  const { reply, connectionCount } = await answersTo(bytes);
  expect(reply).toMatchObject({ kind: "answered", status: 202, body: "{}" });
  expect(connectionCount).toBe(1);
});

test.each([
  ["that switches protocols", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", 101],
  ["with a blank before a colon", "HTTP/1.1 202 OK\r\ncontent-length : 2\r\n\r\n{}", 202],
  ["with a bare CR", "HTTP/1.1 202 OK\r\nx: a\rb\r\ncontent-length: 2\r\n\r\n{}", 202],
  ["with a NUL", "HTTP/1.1 202 OK\r\nx: \0\r\ncontent-length: 2\r\n\r\n{}", 202],
  ["with a length and chunks", "HTTP/1.1 202 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n", 202],
  ["with a fault in its chunks", "HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", 202],
  ["with headers that do not end", `HTTP/1.1 202 OK\r\nx: ${"y".repeat(20_000)}`, 202],
])("a response %s gives its status at once and ends its connection", async (_, bytes, status) => {
  const { reply, connectionCount } = await answersTo(bytes);
  expect(reply).toMatchObject({ kind: "answered", status, body: "" });
  expect(connectionCount).toBe(2);
});

test("a response whose status line alone comes in time counts", async () => {
  await using receiver = await ScriptedReceiver.open((socket) => {
    socket.write("HTTP/1.1 429 Slow\r\nretry-after: 7\r\nx: ");
  });
  await using transport = new Transport();
  const signal = AbortSignal.timeout(200);
  const reply = await transport.post({ ...post, address: addressOf(receiver.url), signal });
  expect(reply).toMatchObject({ kind: "answered", status: 429, retryAfter: "7" });
});
