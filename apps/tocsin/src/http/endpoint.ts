import type { FastifyReply, FastifyRequest } from "fastify";
import type { Role } from "../config/schema.ts";

export interface Endpoint {
  readonly method: "GET" | "POST" | "DELETE";
  /** As fastify reads it, parameters with a colon. */
  readonly path: string;
  /** Who may; `open`: anybody. */
  readonly role: Role | "open";
  /** It tells machines whether the service lives and is ready, whatever name they use for it. @default false */
  readonly isProbe?: boolean;
  /** One line for the front page. */
  readonly does: string;
  /** The body may be `LargeJson` where parsing it at once would take long. @default false */
  readonly takesLargeJson?: boolean;
  /** Gives the body of a 200, or has answered by `reply`. */
  readonly answer: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** A request's single value of a query parameter; the last one where it is repeated. */
export function queryOf(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === "" ? undefined : last;
}

/** All values of a query parameter, in order; empty ones are none. */
export function queriesOf(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Record<string, string | string[] | undefined>)[name] ?? [];
  return [value].flat().filter((one) => one !== "");
}

export const paramOf = (request: FastifyRequest, name: string): string =>
  (request.params as Record<string, string>)[name] ?? "";
