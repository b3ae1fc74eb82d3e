// A receiver over TLS that reads requests, answers 202 and counts. Sockets without node:http, so that it is never the
// bottleneck. Takes its certificate, says its port and its count by IPC.
import { createServer } from "node:tls";

let count = 0;
const body = '{"status":"success","message":"Event processed","dedup_key":"srv01/mysql"}';
const answer = Buffer.from(
  `HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
);

function listen(certificate: { cert: string; key: string }): void {
  const server = createServer({ ...certificate, noDelay: true }, (socket) => {
    let pending: Buffer = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      for (;;) {
        const headEnds = pending.indexOf("\r\n\r\n");
        if (headEnds === -1) return;
        const length = Number(/content-length: *(\d+)/i.exec(pending.toString("latin1", 0, headEnds))?.[1] ?? 0);
        if (pending.length < headEnds + 4 + length) return;
        pending = pending.subarray(headEnds + 4 + length);
        count++;
        socket.write(answer);
      }
    });
  });
  server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as { port: number }).port }));
}

process.on("message", (message: { cert: string; key: string } | "count") => {
  if (message === "count") process.send?.({ count });
  else listen(message);
});
process.on("disconnect", () => process.exit(0));
