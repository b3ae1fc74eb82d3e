import type { Heartbeats } from "../../heartbeats/heartbeats.ts";
import type { Signatures } from "../../ingest/signatures.ts";
import { checkSignature } from "../check-signature.ts";
import { type Endpoint, paramOf } from "../endpoint.ts";
import { notFound, Problem } from "../problem.ts";

export interface HeartbeatReceipt {
  /** Undefined: no source is expected. */
  readonly heartbeats: () => Pick<Heartbeats, "reported"> | undefined;
  /** Called for each request, because a reload may change them. */
  readonly signatures: () => Pick<Signatures, "refusal">;
}

export function heartbeatEndpoints({ heartbeats, signatures }: HeartbeatReceipt): Endpoint[] {
  return [
    {
      method: "POST",
      path: "/api/v1/heartbeats/:name",
      role: "ingest",
      checkBody: checkSignature(signatures, (request) => paramOf(request, "name")),
      // A job may send any text, such as the end of its log.
      jsonOf: () => Buffer.alloc(0),
      does: "reports that the expected source NAME works, for jobs that send no alerts",
      answer(request) {
        const name = paramOf(request, "name");
        const { caller } = request;
        // Before the source is looked up, so that a token learns nothing about other names.
        if (caller.name !== undefined && caller.name !== name)
          throw new Problem(403, "forbidden", "a token or client may report only the source that has its name");
        if (heartbeats()?.reported(name) !== true) throw notFound("expected source");
        return { source: name };
      },
    },
  ];
}
