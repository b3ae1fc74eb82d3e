import type { Clock } from "@tocsin/core";
import type { FastifyRequest } from "fastify";
import type { CallbackReceiver } from "../../callbacks/callback-receiver.ts";
import type { VerifiedCallback } from "../../callbacks/callbacks.ts";
import { payloadOfForm } from "../../changes/sources/payload-of-form.ts";
import { type Endpoint, paramOf } from "../endpoint.ts";
import { Problem } from "../problem.ts";

/** PagerDuty sends up to 256 KB, and Slack repeats the whole message. */
const maxBodyBytes = 1_048_576;

export interface CallbackIntake {
  readonly callbacks: Pick<CallbackReceiver, "verify" | "store" | "count">;
  readonly clock: Pick<Clock, "now">;
}

export function callbackEndpoints({ callbacks, clock }: CallbackIntake): Endpoint[] {
  const verified = new WeakMap<FastifyRequest, VerifiedCallback>();
  return [
    {
      method: "POST",
      path: "/api/v1/callbacks/:name",
      // The secret of the callback decides.
      role: "open",
      does: "receives what PagerDuty, Rootly and buttons of Slack report about incidents",
      maxBodyBytes: () => maxBodyBytes,
      maxValues: 50_000,
      checkBody(request, rawBody) {
        const { headers } = request;
        const callback = callbacks.verify(paramOf(request, "name"), { headers, body: rawBody, nowMs: clock.now() });
        if ("refused" in callback) throw unknownReceiver(callback.refused);
        verified.set(request, callback);
      },
      // Slack sends its JSON in a form.
      jsonOf: payloadOfForm,
      async answer(request, reply) {
        const callback = verified.get(request);
        // A request without a body has not gone through `checkBody`.
        if (callback === undefined) throw unknownReceiver("the request has no body");
        const { name, wantsEmptyAnswer } = callback;
        const reading = callback.read(request.body);
        if ("invalid" in reading) {
          callbacks.count(name, "invalid");
          throw new Problem(400, "invalid_event", "the event lacks what it must have", { issues: reading.invalid });
        }
        if ("ignored" in reading) callbacks.count(name, "ignored");
        const answer = "ignored" in reading ? reading : { effect: await callbacks.store(reading.event) };
        if (wantsEmptyAnswer) return undefined;
        void reply.code(202);
        return answer;
      },
    },
  ];
}

/** The same answer for an unknown name and a wrong secret. The log has the reason. */
const unknownReceiver = (reason: string): Problem =>
  new Problem(401, "unauthorized", "no callback has this name and secret", { forLog: reason });
