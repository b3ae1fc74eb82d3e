import type { FastifyRequest } from "fastify";
import { queryOf } from "./endpoint.ts";
import { badRequest } from "./problem.ts";

/** Returns the value of a query parameter that is one of these words. @throws Problem 400 */
export function oneOf<Word extends string>(
  request: FastifyRequest,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = queryOf(request, name);
  const word = words.find((known) => known === text);
  if (text !== undefined && word === undefined)
    throw badRequest({ path: name, message: `expected one of ${words.join(", ")}` });
  return word;
}
