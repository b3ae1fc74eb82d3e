import type { IncomingMessage } from "node:http";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "../telemetry/logger.ts";
import { basePathRemover, isWithoutBasePath } from "./base-path.ts";
import type { ServerTls } from "../config/server-tls.ts";
import { answerClientError } from "./client-errors.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Caller, Auth } from "./auth.ts";
import { parseBody } from "./parse-body.ts";
import { endpointsAt, pathOf } from "./paths.ts";
import { methodNotAllowed, noEndpoint, Problem, problemOf, sendProblem } from "./problem.ts";
import type { Refusals } from "./refusals.ts";
import { readRequestBody } from "./request-body.ts";
import { httpsOptions, refuseInvalidCertificates } from "./tls-listener.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The name of the sender's token or client certificate. */
    caller: Caller;
  }

  interface FastifyContextConfig {
    /** The request changes nothing. */
    readonly isRead?: boolean;
    readonly isProbe?: boolean;
    readonly isWithoutBasePath?: boolean;
    readonly takesLargeJson?: boolean;
    readonly checkBody?: Endpoint["checkBody"];
    readonly maxBodyBytes?: Endpoint["maxBodyBytes"];
    readonly maxValues?: number;
    readonly jsonOf?: Endpoint["jsonOf"];
  }
}

/**
 * Longer than the five minutes for which Go's clients, Prometheus and Alertmanager, keep an idle connection: the side that
 * closes it first loses a request that the other side is just sending, and Prometheus does not repeat it.
 */
const keepAliveMs = 6 * 60_000;

/** Maximum time for a whole request to arrive. */
const requestMs = 60_000;

export interface ServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly basePath?: string | undefined;
  readonly maxBodyBytes: number;
  /** The path or the server of the ledger, without credentials: it is named if it does not answer. */
  readonly ledger: string;
  readonly log: Logger;
  readonly refusals: Pick<Refusals, "refused" | "refusedBytes">;
  /** Undefined: plain HTTP. */
  readonly tls?: ServerTls | undefined;
  /** Called for each request, because tokens may change. */
  readonly auth: () => Auth;
}

export function createServer({
  endpoints,
  basePath,
  maxBodyBytes,
  ledger,
  log,
  refusals,
  auth,
  tls,
}: ServerOptions): FastifyInstance {
  const refuse = (request: FastifyRequest, reply: FastifyReply, problem: Problem) => {
    refusals.refused(request, problem);
    sendProblem(reply, problem);
  };
  const removeBasePath = basePathRemover(basePath);
  const app: FastifyInstance = fastify({
    rewriteUrl: ({ url = "/" }) => removeBasePath(url),
    // Null: plain HTTP.
    https: tls === undefined ? null : httpsOptions(tls),
    bodyLimit: maxBodyBytes,
    keepAliveTimeout: keepAliveMs,
    requestTimeout: requestMs,
    // People configure senders manually: an extra slash must not lose an alert.
    routerOptions: { maxParamLength: 1_024, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors: (_error, request, reply) => refuse(request, reply, noEndpoint),
    clientErrorHandler: (error, socket) => answerClientError(error, socket, refusals),
  });
  if (tls !== undefined) refuseInvalidCertificates(app.server, refusals);
  app.decorateRequest("caller");
  app.removeAllContentTypeParsers();
  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.isProbe !== true) auth().allowedHosts.refuseOthers(request);
    if (isBelowBasePath(request) && request.routeOptions.config.isWithoutBasePath === true) throw noEndpoint;
    if (request.is404) throw wrongPathOrMethod(request, endpoints, auth());
    // A body is parsed as JSON, whatever its content type.
    request.headers["content-type"] = "application/json";
  });
  app.addContentTypeParser("application/json", async (request: FastifyRequest, payload: IncomingMessage) => {
    const { maxBodyBytes: limit, jsonOf } = request.routeOptions.config;
    const body = await readRequestBody(request, payload, limit ? Math.min(limit(), maxBodyBytes) : maxBodyBytes);
    return parseBody(jsonOf ? jsonOf(body) : body, request);
  });
  for (const endpoint of endpoints) {
    const { method, path, role, answer, isProbe = false, takesLargeJson = false } = endpoint;
    const { checkBody, maxBodyBytes: limit, maxValues, jsonOf } = endpoint;
    app.route({
      method,
      url: path,
      config: {
        isRead: role === "read",
        isProbe,
        isWithoutBasePath: isWithoutBasePath(endpoint),
        takesLargeJson,
        ...(checkBody && { checkBody }),
        ...(limit && { maxBodyBytes: limit }),
        ...(maxValues && { maxValues }),
        ...(jsonOf && { jsonOf }),
      },
      onRequest: (request, _reply, done) => {
        try {
          request.caller = role === "open" ? { name: undefined } : auth().admit(request, role);
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
  app.setErrorHandler((error: Error, request, reply) => {
    const problem = problemOf(error, { ledger, isRead: request.routeOptions.config.isRead === true });
    if (problem !== undefined) return refuse(request, reply, problem);
    log.error(
      { event: "endpoint_bug", err: error, method: request.method, endpoint: endpointOf(request), reason: "bug" },
      "Bug in an endpoint: the request got 500",
    );
    sendProblem(reply, new Problem(500, "bug", "internal error; the service's log has the details"));
  });
  app.addHook("onResponse", async (request, reply) => {
    // Without body, query and address of the client: the path pattern is enough.
    log.debug(
      {
        event: "request_answered",
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

/** Answers a request without an endpoint. An authenticated client learns which methods the path has. */
function wrongPathOrMethod(request: FastifyRequest, endpoints: readonly Endpoint[], auth: Auth): Problem {
  const here = endpointsAt(pathOf(request.url), endpoints).filter(
    (endpoint) => !(isBelowBasePath(request) && isWithoutBasePath(endpoint)),
  );
  if (here.length === 0) return noEndpoint;
  if (here.every(({ role }) => role !== "open"))
    auth.authenticate(request, { takesBasic: here.some(({ role }) => role === "ingest") });
  const methods = new Set(here.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])));
  return methodNotAllowed([...methods]);
}

/** Whether the base path was removed from the URL of a request. */
const isBelowBasePath = ({ url, originalUrl }: FastifyRequest): boolean => url !== originalUrl;

const endpointOf = (request: FastifyRequest): string => request.routeOptions.url ?? "unknown";
