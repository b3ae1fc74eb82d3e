import type { Recorded } from "@tocsin/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { RecordSpan, RequestSpan, Tracing } from "../telemetry/tracing.ts";

/** Begins the span of a request. It ends with the response. */
export function traceRequest(
  tracing: Pick<Tracing, "receive">,
  request: FastifyRequest,
  reply: FastifyReply,
  nowMs: number,
): RequestSpan {
  const { traceparent } = request.headers;
  const span = tracing.receive({
    method: request.method,
    route: request.routeOptions.url ?? "",
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
    startedAtMs: nowMs - reply.elapsedTime,
  });
  reply.raw.once("close", () => span.end(reply.statusCode));
  return span;
}

/** Ends the span when the alerts are durable, or could not be recorded. */
export async function traceRecording(
  recording: Promise<readonly Recorded[]>,
  span: RecordSpan,
): Promise<readonly Recorded[]> {
  try {
    const recorded = await recording;
    span.end(recorded);
    return recorded;
  } catch (error) {
    span.fail();
    throw error;
  }
}
