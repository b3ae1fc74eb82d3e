import type { IncidentView } from "@tocsin/core";
import type { IncidentStream } from "../../stream/incident-stream.ts";
import { type Endpoint, queryOf } from "../endpoint.ts";
import { writeOrCutOff } from "../../stream/write-or-cut-off.ts";
import { unavailable } from "../problem.ts";

const headers = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // Otherwise nginx buffers the stream.
  "x-accel-buffering": "no",
  // The connection ends with the stream, so that a stop does not wait for further requests on it.
  connection: "close",
} as const;

export function streamEndpoints({ stream }: { readonly stream: Pick<IncidentStream, "join" | "refusal"> }): Endpoint[] {
  return [
    {
      method: "GET",
      path: "/api/v1/events/stream",
      role: "read",
      does: "streams changes of incidents as server-sent events: ?target= &fingerprint=",
      answer(request, reply) {
        if (stream.refusal !== undefined) throw unavailable(stream.refusal);
        if (request.method === "HEAD") {
          void reply.headers(headers);
          return "";
        }
        const [target, fingerprint] = [queryOf(request, "target"), queryOf(request, "fingerprint")];
        const { raw } = reply.hijack();
        raw.writeHead(200, headers);
        const leave = stream.join(
          {
            concerns: ({ incident }: IncidentView) =>
              (target === undefined || incident.target === target) &&
              (fingerprint === undefined || incident.members.some((member) => member.fingerprint === fingerprint)),
            send: (text) => writeOrCutOff(raw, text),
            end: () => void (raw.writableLength > 0 ? raw.destroy() : raw.end()),
          },
          request.headers["last-event-id"]?.toString(),
        );
        raw.once("close", leave);
        return undefined;
      },
    },
  ];
}
