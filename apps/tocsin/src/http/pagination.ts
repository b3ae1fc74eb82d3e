import type { FastifyRequest } from "fastify";
import { queryOf } from "./endpoint.ts";
import { badRequest } from "./problem.ts";

/** Entries of a page without `?limit=`. */
export const defaultLimit = 100;
/** Largest `?limit=`. */
export const maxPerPage = 1_000;

/** Returns `?limit=` of a list. */
export function paginationLimit(request: FastifyRequest): number {
  const text = queryOf(request, "limit");
  const limit = text === undefined ? defaultLimit : Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > maxPerPage) {
    throw badRequest({ path: "limit", message: `expected a whole number from 1 to ${maxPerPage}` });
  }
  return limit;
}

/** Returns `?limit=` and `?cursor=` of a list that is ordered by numbers. */
export function paginationOf(request: FastifyRequest): { limit: number; cursor?: string } {
  const limit = paginationLimit(request);
  const cursor = queryOf(request, "cursor");
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) {
    throw badRequest({ path: "cursor", message: "expected a nextCursor of an earlier page" });
  }
  return { limit, ...(cursor !== undefined && { cursor }) };
}
