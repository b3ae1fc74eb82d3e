import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";

import type { Logger } from "../telemetry/logger.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Entry, Gate } from "./gate.ts";
import { badRequest, notFound, Problem, problemOf, sendProblem } from "./problem.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who came through the gate. */
    entry: Entry;
  }
}

/**
 * Longer than the five minutes for which Go's clients, Prometheus and Alertmanager, keep an idle connection: whoever
 * closes it first loses the request that is just under way, and Prometheus does not repeat it.
 */
const keepAliveMs = 6 * 60_000;

/** Longest time for a whole request to arrive. */
const requestMs = 60_000;

export interface ServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly maxBodyBytes: number;
  readonly log: Logger;
  /** Asked for each request, since tokens may change. */
  readonly gate: () => Gate;
}

export function createServer({ endpoints, maxBodyBytes, log, gate }: ServerOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: maxBodyBytes,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: requestMs,
    routerOptions: { maxParamLength: 1_024 },
    frameworkErrors: (_error, _request, reply) => sendProblem(reply, notFound("endpoint")),
  });
  app.decorateRequest("entry");
  app.removeAllContentTypeParsers();
  app.addHook("onRequest", async (request) => {
    // Whatever its type is called, a body is JSON.
    request.headers["content-type"] = "application/json";
  });
  // Plain `JSON.parse`, for fastify's own refuses `__proto__`, which here is a label's name like any other.
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, body === "" ? undefined : JSON.parse(body as string));
    } catch {
      done(badRequest({ path: "", message: "expected JSON" }));
    }
  });
  for (const { method, path, role, answer } of endpoints) {
    app.route({
      method,
      url: path,
      onRequest: (request, _reply, done) => {
        try {
          request.entry = role === "open" ? { name: undefined } : gate().admit(request, role);
          done();
        } catch (error) {
          done(error as Error);
        }
      },
      handler: async (request, reply) => {
        const body = await answer(request, reply);
        return reply.sent || body !== undefined ? body : reply.send();
      },
    });
  }
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, notFound("endpoint")));
  app.setErrorHandler((error: Error, request, reply) => {
    const problem = problemOf(error);
    if (problem !== undefined) return sendProblem(reply, problem);
    log.error(
      { err: error, method: request.method, endpoint: endpointOf(request), reason: "bug" },
      "an endpoint failed",
    );
    sendProblem(reply, new Problem(500, "bug", "something went wrong here; the log says what"));
  });
  app.addHook("onResponse", async (request, reply) => {
    // No body, no query and no address of a client: the pattern says enough.
    log.debug(
      {
        method: request.method,
        endpoint: endpointOf(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      "answered",
    );
  });
  return app;
}

const endpointOf = (request: FastifyRequest): string => request.routeOptions.url ?? "unknown";
