// A receiver that does nothing but read requests, answer 202 and remember: the bench's wire end. Raw sockets, so that it is
// never the bottleneck. Says its port on stdout; answers questions of its parent by IPC.
import { createServer } from "node:net";

interface Seen {
  count: number;
  /** Wall clock of the last request, ms. */
  lastAtMs: number;
  /** Every `sampleEvery`th body. */
  samples: string[];
  /** By dedup key where asked for: when the first trigger came. */
  arrivals: Record<string, number>;
}

const sampleEvery = Number(process.env["SAMPLE_EVERY"] ?? 100);
const keepArrivals = process.env["KEEP_ARRIVALS"] === "1";
let seen: Seen = { count: 0, lastAtMs: 0, samples: [], arrivals: {} };

const body = '{"status":"success","message":"Event processed","dedup_key":"x"}';
const answer = Buffer.from(
  `HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);
const endOfHead = Buffer.from("\r\n\r\n");

const server = createServer({ noDelay: true }, (socket) => {
  let pending: Buffer = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const headEnds = pending.indexOf(endOfHead);
      if (headEnds === -1) return;
      const head = pending.toString("latin1", 0, headEnds);
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      const from = headEnds + 4;
      if (pending.length < from + length) return;
      record(pending, from, from + length);
      pending = pending.subarray(from + length);
      socket.write(answer);
    }
  });
});

function record(bytes: Buffer, from: number, to: number): void {
  seen.count++;
  seen.lastAtMs = performance.timeOrigin + performance.now();
  if (keepArrivals) {
    const key = /"dedup_key":"([^"]*)"/.exec(bytes.toString("latin1", from, to))?.[1];
    if (key !== undefined) seen.arrivals[key] ??= seen.lastAtMs;
  }
  if (seen.count % sampleEvery === 0) seen.samples.push(bytes.toString("utf8", from, to));
}

process.on("message", (question) => {
  if (question === "reset") seen = { count: 0, lastAtMs: 0, samples: [], arrivals: {} };
  process.send?.(question === "count" ? { count: seen.count, lastAtMs: seen.lastAtMs } : seen);
});
process.on("disconnect", () => process.exit(0));

server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as { port: number }).port }));
