import type { Clock } from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import type { AcceptChanges } from "../../changes/accept-changes.ts";
import type { ChangeSources, VerifiedSource } from "../../changes/sources/change-sources.ts";
import type { LatestChanges } from "../../changes/sources/latest-changes.ts";
import { payloadOfForm } from "../../changes/sources/payload-of-form.ts";
import { type Endpoint, paramOf } from "../endpoint.ts";
import { Problem } from "../problem.ts";

export interface SourceIntake {
  readonly accept: AcceptChanges;
  readonly latestChanges: Pick<LatestChanges, "record">;
  readonly clock: Pick<Clock, "now">;
  /** Called for each request, because a reload may change them. */
  readonly sources: () => Pick<ChangeSources, "verify" | "has">;
  readonly maxBodyBytes: () => number;
  /** Counts events that become no change. `source`: undefined if no source has the name. */
  readonly count: (source: string | undefined, outcome: "ignored" | "invalid" | "refused") => void;
}

/** The request whose body was verified. */
interface Verified {
  readonly source: VerifiedSource;
  readonly rawBody: Uint8Array;
}

export function changeSourceEndpoints(intake: SourceIntake): Endpoint[] {
  const { accept, latestChanges, clock, sources, maxBodyBytes, count } = intake;
  const verified = new WeakMap<FastifyRequest, Verified>();
  return [
    {
      method: "POST",
      path: "/api/v1/changes/from/:name",
      // The secret of the source decides.
      role: "open",
      does: "receives events of GitHub, GitLab, Argo CD, Flux and other senders of changes",
      maxBodyBytes,
      // A push of GitHub lists up to 2,048 commits.
      maxValues: 200_000,
      checkBody(request, rawBody) {
        const name = paramOf(request, "name");
        const source = sources().verify(name, { headers: request.headers, body: rawBody, nowMs: clock.now() });
        if ("refused" in source) {
          count(sources().has(name) ? name : undefined, "refused");
          throw unknownSender(source.refused);
        }
        verified.set(request, { source, rawBody });
      },
      jsonOf: payloadOfForm,
      async answer(request, reply) {
        const { source, rawBody } = verified.get(request) ?? { source: undefined };
        // Every request has gone through `checkBody`.
        if (source === undefined) throw unknownSender("the request was not verified");
        const { body, headers } = request;
        const reading = source.read({ body, rawBody, headers, signedId: source.signedId, receivedAtMs: clock.now() });
        void reply.code(202);
        if ("ignored" in reading) {
          count(source.name, "ignored");
          return { ignored: reading.ignored };
        }
        if ("invalid" in reading) {
          count(source.name, "invalid");
          throw new Problem(400, "invalid_change", "the event lacks what a change needs", { issues: reading.invalid });
        }
        const { change, objectState } = reading;
        const recorded =
          objectState === undefined
            ? await accept([change])
            : await latestChanges.record(change, objectState, (one) => accept([one]));
        return { ids: recorded.map(({ id }) => id) };
      },
    },
  ];
}

/** The same answer for an unknown name and a wrong secret. The log has the reason. */
const unknownSender = (reason: string): Problem =>
  new Problem(401, "unauthorized", "no source of changes has this name and secret", { forLog: reason });
