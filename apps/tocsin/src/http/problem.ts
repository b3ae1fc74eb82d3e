import { type Issue, LedgerUnavailable } from "@tocsin/core";
import type { FastifyError, FastifyReply } from "fastify";

/** Senders repeat after a 5xx; this keeps them from doing it at once. */
const retryAfterSeconds = 5;

/** An answer that is no success: thrown by endpoints, sent in the one shape of all errors. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;
  readonly issues: readonly Issue[];

  constructor(status: number, code: string, message: string, issues: readonly Issue[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.issues = issues;
  }
}

export const notFound = (what: string): Problem => new Problem(404, "not_found", `no such ${what}`);

export const badRequest = (...issues: Issue[]): Problem =>
  new Problem(400, "invalid_request", "the request cannot be understood", issues);

export const conflict = (message: string): Problem => new Problem(409, "conflict", message);

/** `applied`: everything but the invalid targets is in use. */
export const reloadFailed = ({
  applied,
  issues,
}: {
  readonly applied: boolean;
  readonly issues: readonly Issue[];
}): Problem =>
  new Problem(
    500,
    "reload_failed",
    applied
      ? "reload incomplete: the invalid targets were not applied, everything else was"
      : "reload failed: keeping the previous configuration",
    issues,
  );

export const unavailable = (message: string): Problem => new Problem(503, "unavailable", message);

export function sendProblem(reply: FastifyReply, { status, code, message, issues }: Problem): void {
  if (status === 503) reply.header("retry-after", retryAfterSeconds);
  if (status === 413) readOn(reply);
  if (status === 401) reply.header("www-authenticate", 'Bearer realm="tocsin"');
  void reply.code(status).send({ error: { code, message, issues } });
}

/** What an error means to the client; undefined: it is a bug of ours. */
export function problemOf(error: Error | FastifyError): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof LedgerUnavailable) {
    return new Problem(503, "ledger_unavailable", "the ledger cannot store anything now; repeat the request later");
  }
  const { code, statusCode } = error as FastifyError;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return new Problem(413, "body_too_large", "the request body is too large");
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500
    ? new Problem(statusCode, "invalid_request", "the request cannot be understood")
    : undefined;
}

/**
 * Lets a body that is too large arrive and drops it, for as long as any request may take: closed while its sender is still
 * writing, the connection would break, and many a client would never see the answer.
 */
function readOn(reply: FastifyReply): void {
  void reply.removeHeader("connection");
  reply.request.raw.resume();
}
