import type { FastifyRequest } from "fastify";
import { defaultSource } from "../ingest/batch-reader.ts";
import { queryOf } from "./endpoint.ts";
import { badRequest } from "./problem.ts";

const maxSourceLength = 100;

/**
 * The source of a request: the name of its token or client, else `?source=`, else `default`.
 *
 * @throws Problem 400 if `?source=` is too long
 */
export function sourceOf(request: FastifyRequest): string {
  if (request.caller.name !== undefined) return request.caller.name;
  const source = queryOf(request, "source") ?? defaultSource;
  if (source.length <= maxSourceLength) return source;
  throw badRequest({ path: "source", message: `must not be longer than ${maxSourceLength} characters` });
}
