import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { checkInput } from "@tocsin/core";
import { roles as allRoles } from "../../config/schema.ts";
import type { Auth } from "../auth.ts";
import type { Endpoint } from "../endpoint.ts";
import type { LoginLimit } from "../login-limit.ts";
import { badRequest, Problem } from "../problem.ts";

const path = "/api/v1/session";

const maxBodyBytes = 16_384;

export const loginBody = z.strictObject({ token: z.string().min(1) });

export interface SessionEndpointsOptions {
  /** Called for each request, because tokens may change. */
  readonly auth: () => Auth;
  readonly loginLimit: Pick<LoginLimit, "refuse" | "failed">;
  /** Returns the address of the sender of a request. */
  readonly senderOf: (request: FastifyRequest) => string;
}

/** The login of people in a browser: a token is exchanged for a cookie that scripts cannot read. */
export function sessionEndpoints({ auth, loginLimit, senderOf }: SessionEndpointsOptions): Endpoint[] {
  return [
    {
      method: "POST",
      path,
      role: "open",
      does: "logs a browser in: { token }; the answer sets a cookie",
      maxBodyBytes: () => maxBodyBytes,
      answer(request, reply) {
        const parsed = checkInput(loginBody, request.body);
        if ("issues" in parsed) throw badRequest(...parsed.issues);
        const address = senderOf(request);
        loginLimit.refuse(address);
        try {
          const cookie = auth().login(request, parsed.data.token);
          if (cookie !== undefined) void reply.header("set-cookie", cookie);
          void reply.header("cache-control", "no-store").code(204);
        } catch (error) {
          if (error instanceof Problem && error.status === 401) loginLimit.failed(address);
          throw error;
        }
      },
    },
    {
      method: "GET",
      path,
      role: "open",
      does: "who is logged in, and whether a login is needed",
      answer(request, reply) {
        void reply.header("cache-control", "no-store");
        const needed = auth().isNeeded;
        const sender = needed ? senderIn(auth(), request) : { name: null, roles: allRoles };
        const loginRefused = sender === undefined ? auth().loginRefusal(request) : undefined;
        return {
          name: sender?.name ?? null,
          roles: [...new Set(sender?.roles)],
          needed,
          ...(loginRefused !== undefined && { loginRefused }),
        };
      },
    },
    {
      method: "DELETE",
      path,
      role: "open",
      does: "logs a browser out",
      answer(request, reply) {
        const cookie = auth().logout(request);
        if (cookie !== undefined) void reply.header("set-cookie", cookie);
        void reply.header("cache-control", "no-store").code(204);
      },
    },
  ];
}

/** Undefined: the request proves no one. */
function senderIn(auth: Auth, request: FastifyRequest) {
  try {
    return auth.authenticate(request, { takesBasic: false });
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return undefined;
    throw error;
  }
}
