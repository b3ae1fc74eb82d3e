import type { FastifyReply, FastifyRequest } from "fastify";
import type { Role } from "../config/schema.ts";

export interface Endpoint {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** The path in the form of fastify: parameters with a colon. */
  readonly path: string;
  /** The role that may call it; `open`: everyone. */
  readonly role: Role | "open";
  /** A probe for machines, which may use any host name. @default false */
  readonly isProbe?: boolean;
  /** One line for the front page. */
  readonly does: string;
  /** The body may be `LargeJson`, if parsing it at once would take long. @default false */
  readonly takesLargeJson?: boolean;
  /** Size of the largest body, if it is less than that of the server. Called for each request. */
  readonly maxBodyBytes?: () => number;
  /** Greatest number of JSON values in a body, if parsing more than the default at once is worth its time. @default 10000 */
  readonly maxValues?: number;
  /** Returns the JSON of a body that may have another form. */
  readonly jsonOf?: (body: Buffer) => Buffer;
  /** Checks a request by the bytes of its body as received, before anything reads them. @throws Problem */
  readonly checkBody?: (request: FastifyRequest, received: Uint8Array) => void;
  /** Returns the body of a 200, or answers itself through `reply`. */
  readonly answer: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** The value of a query parameter. If it is repeated, the last one counts. */
export function queryOf(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, string | string[] | undefined>)[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === "" ? undefined : last;
}

/** Returns all values of a query parameter, in order; empty values are left out. */
export function queriesOf(request: FastifyRequest, name: string): string[] {
  const value = (request.query as Record<string, string | string[] | undefined>)[name] ?? [];
  return [value].flat().filter((one) => one !== "");
}

export const paramOf = (request: FastifyRequest, name: string): string =>
  (request.params as Record<string, string>)[name] ?? "";
