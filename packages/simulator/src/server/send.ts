import type { ServerResponse } from "node:http";
import type { SimulatorAnswer } from "./exchange.ts";

/** Sends an answer, and does the failure that its `mishap` names. */
export function send(response: ServerResponse, answer: SimulatorAnswer): void {
  const { mishap } = answer;
  if (mishap === undefined) return whole(response, answer);
  switch (mishap.kind) {
    case "refused":
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "hang":
      return;
    case "half":
      response.writeHead(answer.status, { ...answer.headers, "content-length": mishap.bytes });
      // Only bytes that the kernel has accepted surely leave before the connection breaks.
      response.write(answer.body, () => response.socket?.destroy());
      return;
    case "slow":
      return slow(response, answer, mishap);
  }
}

function whole(response: ServerResponse, answer: SimulatorAnswer): void {
  if (answer.status === 204 || answer.status === 304) {
    response.writeHead(answer.status, answer.headers).end();
    return;
  }
  response.writeHead(answer.status, { ...answer.headers, "content-length": Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

function slow(response: ServerResponse, answer: SimulatorAnswer, by: { headersMs: number; bodyMs: number }): void {
  const timer = setTimeout(() => {
    if (by.bodyMs === 0) return whole(response, answer);
    const bytes = Buffer.from(answer.body);
    const half = Math.floor(bytes.byteLength / 2);
    response.writeHead(answer.status, { ...answer.headers, "content-length": bytes.byteLength });
    response.write(bytes.subarray(0, half));
    const rest = setTimeout(() => response.end(bytes.subarray(half)), by.bodyMs);
    response.once("close", () => clearTimeout(rest));
  }, by.headersMs);
  response.once("close", () => clearTimeout(timer));
}
