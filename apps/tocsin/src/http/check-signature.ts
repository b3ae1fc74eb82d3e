import type { FastifyRequest } from "fastify";
import type { Signatures } from "../ingest/signatures.ts";
import type { Endpoint } from "./endpoint.ts";
import { Problem } from "./problem.ts";
import { sourceOf } from "./source-of.ts";

/**
 * Refuses requests without the signature that their source demands (`sources[].hmac`).
 *
 * `signatures` is called for each request, because a reload may change them.
 */
export const checkSignature =
  (
    signatures: () => Pick<Signatures, "refusal">,
    nameOf: (request: FastifyRequest) => string = sourceOf,
  ): NonNullable<Endpoint["checkBody"]> =>
  (request, received) => {
    const refusal = signatures().refusal(nameOf(request), request.headers, received);
    if (refusal !== undefined) throw new Problem(401, "unauthorized", refusal);
  };
