import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { addressOf, type Reply, type Transport } from "@tocsin/http";
import type { Sent } from "./span-queue.ts";
import type { TraceSettings } from "./trace-settings.ts";

/** Statuses after which OTLP lets a client try again: https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes. */
const retryable = new Set([429, 502, 503, 504]);

/**
 * Returns a function that posts spans as OTLP/HTTP in JSON. It uses the transport of all requests of this service, so that proxies
 * and refused addresses are the same, and it is not traced itself.
 */
export function otlpSender(
  { url, authorization }: Pick<TraceSettings, "url" | "authorization">,
  { transport, version }: { readonly transport: Pick<Transport, "post">; readonly version: string },
): (spans: readonly ReadableSpan[], signal: AbortSignal) => Promise<Sent> {
  const address = addressOf(url.reveal());
  const headers = [
    "content-type",
    "application/json",
    "user-agent",
    `Tocsin/${version}`,
    ...(authorization === undefined ? [] : ["authorization", authorization.reveal()]),
  ];
  return async (spans, signal) => {
    try {
      const body = new TextDecoder().decode(JsonTraceSerializer.serializeRequest([...spans]));
      return sentBy(await transport.post({ address, headers, body, signal }));
    } catch (error) {
      return { kind: "refused", problem: `bug: ${(error as Error).name}` };
    }
  };
}

/** Reads the response. A problem quotes nothing of its body. */
export function sentBy(reply: Reply): Sent {
  if (reply.kind === "failed") return { kind: "retry", problem: reply.detail };
  if (reply.kind === "stopped") return { kind: "retry", problem: "no response in time" };
  const { status, body } = reply;
  if (status >= 200 && status < 300) return { kind: "sent", rejected: rejectedIn(body) };
  return { kind: retryable.has(status) ? "retry" : "refused", problem: `HTTP ${status}` };
}

/** https://opentelemetry.io/docs/specs/otlp/#partial-success-1 */
function rejectedIn(body: string): number {
  try {
    const { partialSuccess } = JSON.parse(body) as { partialSuccess?: { rejectedSpans?: number | string } };
    const count = Number(partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
